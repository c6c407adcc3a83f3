// What the server remarked about a query beside its result.
interface Props {
  warnings: readonly string[];
  infos: readonly string[];
}

export function Annotations({ warnings, infos }: Props) {
  return (
    <>
      {warnings.map((text) => (
        <p className="notice warning" key={text}>
          {text}
        </p>
      ))}
      {infos.map((text) => (
        <p className="notice info" key={text}>
          {text}
        </p>
      ))}
    </>
  );
}
