import { describe, expect, test } from "vitest";
import { ApiError, encode, envelope } from "./client";

describe("envelope", () => {
  test("gives data and annotations", () => {
    const body = '{"status":"success","data":[1],"warnings":["w"]}';
    expect(envelope(200, body)).toEqual({ data: [1], warnings: ["w"], infos: [] });
  });

  test.each([
    [422, '{"status":"error","errorType":"execution","error":"too many"}', "execution", "too many"],
    [503, "Service Unavailable\n", "http", "HTTP status 503: Service Unavailable"],
    [502, "", "http", "HTTP status 502"],
    [200, "null", "http", "HTTP status 200"],
  ])("status %d with %j", (status, body, kind, message) => {
    const run = () => envelope(status, body);
    expect(run).toThrow(ApiError);
    expect(run).toThrow(expect.objectContaining({ kind, message }));
  });
});

test("encode repeats lists and leaves out the absent", () => {
  const params = encode({ "match[]": ["a", "b"], start: 1.5, end: undefined });
  expect(params.toString()).toBe("match%5B%5D=a&match%5B%5D=b&start=1.5");
});
