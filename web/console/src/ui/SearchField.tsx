// A field that filters what is shown.
import "./controls.css";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

export function SearchField({ label, value, onChange }: Props) {
  return (
    <div className="field">
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        style={{ width: "220px" }}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}
