// Steps through the system's colour scheme, dark and light.
import { type Choice, chooseTheme, useThemeChoice } from "./theme";

const next: Record<Choice, Choice> = { system: "dark", dark: "light", light: "system" };
const names: Record<Choice, string> = { system: "as the system", dark: "dark", light: "light" };

const shapes: Record<Choice, React.ReactNode> = {
  system: (
    <>
      <circle cx="12" cy="12" r="8" />
      <path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor" />
    </>
  ),
  dark: <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z" />,
  light: (
    <>
      <circle cx="12" cy="12" r="4.5" />
      <path d="M12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.4 1.4m11.2 11.2L19 19M19 5l-1.4 1.4M6.4 17.6 5 19" />
    </>
  ),
};

export function ThemeButton() {
  const choice = useThemeChoice();
  const title = `Theme: ${names[choice]}. Click for ${names[next[choice]]}.`;
  return (
    <button type="button" className="theme-button" title={title} aria-label={title} onClick={() => chooseTheme(next[choice])}>
      <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" aria-hidden="true">
        {shapes[choice]}
      </svg>
    </button>
  );
}
