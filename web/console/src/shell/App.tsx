// The frame around every page: navigation, readiness, theme, and a net for pages that break.
import { Suspense, useEffect } from "react";
import { Boundary } from "./Boundary";
import "./shell.css";
import { Logo } from "./Logo";
import { NotFound } from "./NotFound";
import { pageAt, pages } from "./pages";
import { ReadinessLight } from "./ReadinessLight";
import { Link, usePlace } from "./router";
import { ThemeButton } from "./ThemeButton";

export function App() {
  const place = usePlace();
  const entry = pageAt(place.path);
  const name = entry?.name ?? "Not found";
  useEffect(() => {
    document.title = name === "Home" ? "Weir" : `${name} · Weir`;
  }, [name]);
  return (
    <>
      <a className="skip-link" href="#content" onClick={skip}>
        Skip to content
      </a>
      <header className="shell-head">
        <Link to="/" className="brand" aria-label="Weir, home">
          <Logo />
          Weir
        </Link>
        <nav aria-label="Pages">
          {pages.map((page) => (
            <Link key={page.path} to={page.path} aria-current={page === entry ? "page" : undefined}>
              {page.name}
            </Link>
          ))}
        </nav>
        <div className="shell-tools">
          <ReadinessLight />
          <ThemeButton />
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <Boundary key={entry?.path}>
          <Suspense fallback={<div className="page-loading" aria-label="loading" />}>
            {entry ? <entry.Page /> : <NotFound path={place.path} />}
          </Suspense>
        </Boundary>
      </main>
    </>
  );
}

/** A fragment link would resolve against <base> and leave the page. */
function skip(event: React.MouseEvent) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
