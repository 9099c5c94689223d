import type {ComponentChildren} from 'preact';
import {useEffect, useRef, useState} from 'preact/hooks';
import {messageOf} from './client';

export interface Action {
  /** What the button says, such as "Retry the job". */
  readonly title: string;
  /** What will happen, in one or two sentences. */
  readonly consequence: string;
  /** Does it; resolves with what came of it, in words. Rejects with an error whose message is for people. */
  readonly run: () => Promise<string>;
}

/** A dialog that says what an action will do, does it after a confirmation, and shows what came of it. */
export function Confirm({action, onClose}: {readonly action: Action; readonly onClose: () => void}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [result, setResult] = useState<{readonly text: string; readonly isProblem: boolean}>();
  const [isRunning, setRunning] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const confirm = async () => {
    setRunning(true);
    try {
      setResult({text: await action.run(), isProblem: false});
    } catch (error) {
      setResult({text: messageOf(error), isProblem: true});
    }
    setRunning(false);
  };
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" onClose={onClose}>
      <h2 id="confirm-title">{action.title}</h2>
      <p>{action.consequence}</p>
      <p role="status" class={result?.isProblem ? 'wrong' : ''}>
        {isRunning ? 'In progress …' : result?.text}
      </p>
      <div class="buttons">
        {result ? undefined : (
          <button type="button" class="primary" disabled={isRunning} onClick={() => void confirm()}>
            {action.title}
          </button>
        )}
        <button type="button" onClick={() => dialog.current?.close()}>
          {result ? 'Close' : 'Cancel'}
        </button>
      </div>
    </dialog>
  );
}

/** A section of the page with its heading; hidden from view where it has nothing to say. */
export function Section({
  title,
  id,
  children,
}: {
  readonly title: string;
  readonly id: string;
  readonly children: ComponentChildren;
}) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}
