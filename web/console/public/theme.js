// Applies the chosen theme before the first paint; src/shell/theme.ts owns the key and the values.
try {
  const choice = localStorage.getItem("weir.theme");
  if (choice === "dark" || choice === "light") document.documentElement.dataset.theme = choice;
} catch {
  // Storage may be blocked: the system's preference then decides.
}
