// The editor's colours, all from CSS variables, so that both schemes need no second theme.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const look = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "transparent", fontSize: "13.5px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { padding: "7px 0", caretColor: "var(--text)" },
  ".cm-line": { padding: "0 10px" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-placeholder": { color: "var(--text-muted)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 26%, transparent) !important",
  },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "color-mix(in srgb, var(--accent) 26%, transparent)" },
  ".cm-tooltip": {
    border: "1px solid var(--border)",
    borderRadius: "8px",
    overflow: "hidden",
    color: "var(--text)",
    backgroundColor: "var(--surface-raised)",
    boxShadow: "var(--shadow)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { maxHeight: "320px", fontFamily: "var(--mono)", fontSize: "12.5px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
    color: "var(--text)",
    backgroundColor: "color-mix(in srgb, var(--accent) 20%, transparent)",
  },
  ".cm-completionMatchedText": { color: "var(--accent-text)", textDecoration: "none", fontWeight: "600" },
  ".cm-completionDetail": { color: "var(--text-muted)", fontStyle: "normal" },
  ".cm-completionInfo": { padding: "8px 10px", maxWidth: "420px", fontFamily: "inherit", fontSize: "12.5px" },
  ".cm-diagnostic": { padding: "6px 10px", fontSize: "12.5px" },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--bad)" },
});

const colors = HighlightStyle.define([
  { tag: tags.function(tags.variableName), color: "var(--info)" },
  { tag: [tags.operatorKeyword, tags.modifier, tags.logicOperator], color: "var(--code-keyword)" },
  { tag: tags.labelName, color: "var(--accent-text)" },
  { tag: tags.string, color: "var(--code-string)" },
  { tag: tags.number, color: "var(--warn)" },
  { tag: tags.comment, color: "var(--text-muted)", fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

export const editorTheme = [look, syntaxHighlighting(colors)];
