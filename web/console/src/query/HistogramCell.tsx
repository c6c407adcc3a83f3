// A native histogram: its count and sum, its buckets on demand.
import type { Bucket, Histogram } from "../api/types";

/** The bucket's interval with the brackets of its boundary rule. */
export function bucketText([rule, low, high]: Bucket): string {
  const open = rule === 1 || rule === 3 ? "[" : "(";
  const close = rule === 0 || rule === 3 ? "]" : ")";
  return `${open}${low}, ${high}${close}`;
}

export function HistogramCell({ histogram }: { histogram: Histogram }) {
  const buckets = histogram.buckets ?? [];
  return (
    <details>
      <summary>
        count {histogram.count}, sum {histogram.sum}
      </summary>
      <table className="table">
        <tbody>
          {buckets.map((bucket) => (
            <tr key={bucketText(bucket)}>
              <td>{bucketText(bucket)}</td>
              <td className="number">{bucket[3]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
