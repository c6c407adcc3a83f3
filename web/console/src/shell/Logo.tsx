// The mark: two waves and the board that measures them.
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--accent-solid)" />
      <g fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round">
        <path d="M5 12c3.5-4 7-4 11 0s7.5 4 11 0" />
        <path d="M5 19.5c3.5-4 7-4 11 0s7.5 4 11 0" strokeOpacity="0.6" />
        <path d="M16 6v20" />
      </g>
    </svg>
  );
}
