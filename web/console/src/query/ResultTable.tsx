// An instant query's result as rows; values exactly as the server sent them.
import { useState } from "react";
import type { Histogram, Labels, MatrixSeries, QueryResult, VectorSeries } from "../api/types";
import { localTime } from "../data/time";
import { SeriesName } from "../ui/LabelSet";
import { HistogramCell } from "./HistogramCell";

/** More rows slow the browser; they are shown when asked for. */
const rowsMax = 500;

export function ResultTable({ result }: { result: QueryResult }) {
  switch (result.resultType) {
    case "vector":
      return <Rows rows={result.result} cell={vectorCell} />;
    case "matrix":
      return <Rows rows={result.result} cell={matrixCell} />;
    case "scalar":
    case "string":
      return <Single kind={result.resultType} time={result.result[0]} value={result.result[1]} />;
  }
}

/** How many series a result has; a scalar or string counts as one. */
export function seriesCount(result: QueryResult): number {
  return result.resultType === "vector" || result.resultType === "matrix" ? result.result.length : 1;
}

function vectorCell({ value, histogram }: VectorSeries) {
  if (histogram) return <HistogramCell histogram={histogram[1]} />;
  return value?.[1];
}

function matrixCell({ values = [], histograms = [] }: MatrixSeries) {
  return (
    <>
      {values.map(([time, value]) => (
        <At key={time} time={time}>
          {value}
        </At>
      ))}
      {histograms.map(([time, histogram]: [number, Histogram]) => (
        <At key={time} time={time}>
          count {histogram.count}, sum {histogram.sum}
        </At>
      ))}
    </>
  );
}

function At({ time, children }: { time: number; children: React.ReactNode }) {
  return (
    <div title={localTime(time * 1000)}>
      {children} <span className="muted">@{time}</span>
    </div>
  );
}

interface RowsProps<T> {
  rows: readonly T[];
  cell: (row: T) => React.ReactNode;
}

function Rows<T extends { metric: Labels }>({ rows, cell }: RowsProps<T>) {
  const [all, setAll] = useState(false);
  const shown = all ? rows : rows.slice(0, rowsMax);
  return (
    <div className="table-scroll">
      <table className="table result">
        <thead className="visually-hidden">
          <tr>
            <th>Series</th>
            <th>Value</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row, index) => (
            <tr key={index}>
              <td>
                <SeriesName labels={row.metric} />
              </td>
              <td className="number">{cell(row)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < rows.length && (
        <p className="more">
          {shown.length} of {rows.length} series are shown.{" "}
          <button type="button" className="button" onClick={() => setAll(true)}>
            Show all
          </button>
        </p>
      )}
    </div>
  );
}

function Single({ kind, time, value }: { kind: string; time: number; value: string }) {
  return (
    <table className="table result">
      <tbody>
        <tr>
          <td className="muted">{kind}</td>
          <td className="number" title={localTime(time * 1000)}>
            {value}
          </td>
        </tr>
      </tbody>
    </table>
  );
}
