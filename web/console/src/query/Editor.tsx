// The PromQL editor. Its own chunk: nobody else needs CodeMirror.
import { autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";
import { useEffect, useRef } from "react";
import { completionClient } from "./completion";
import { editorTheme } from "./editorTheme";

interface Props {
  value: string;
  onChange: (text: string) => void;
  onExecute: () => void;
}

const client = completionClient();

export default function Editor({ value, onChange, onExecute }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef({ value, onChange, onExecute });
  latest.current = { value, onChange, onExecute };

  useEffect(() => {
    if (!place.current) return;
    const promql = new PromQLExtension().setComplete({ remote: client });
    const execute = (editor: EditorView) => {
      closeCompletion(editor);
      latest.current.onExecute();
      return true;
    };
    const born = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false }),
          // An answer that arrives after the editor was left must not open a list over the result.
          EditorView.domEventHandlers({ blur: (_, editor) => void closeCompletion(editor) }),
          highlightSelectionMatches(),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": "PromQL expression" }),
          placeholder("Expression, for example rate(node_network_receive_bytes_total[1m])"),
          editorTheme,
          promql.asExtension(),
          Prec.highest(keymap.of([{ key: "Shift-Enter", run: execute }, { key: "Mod-Enter", run: execute }])),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = born;
    return () => {
      promql.destroy();
      born.destroy();
    };
  }, []);

  // The expression was changed from outside (a link, the back button).
  useEffect(() => {
    const born = view.current;
    const shown = born?.state.doc.toString();
    if (born && shown !== value) born.dispatch({ changes: { from: 0, to: shown?.length ?? 0, insert: value } });
  }, [value]);

  return <div className="editor" ref={place} />;
}
