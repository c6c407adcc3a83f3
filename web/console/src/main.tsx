// The application's start.
import "@fontsource-variable/inter/index.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./app.css";
import { App } from "./shell/App";
import { startPage } from "./shell/settled";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
startPage();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
