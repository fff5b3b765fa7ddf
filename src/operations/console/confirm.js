/** Asks before something is done. */
import { byId } from './dom.js';

/** Resolves with what was given (a reason), or undefined where the person went back. */
export function confirmed({ title, text, yes, reason = false }) {
  const dialog = byId('confirm');
  byId('confirm-title').textContent = title;
  byId('confirm-text').textContent = text;
  byId('confirm-yes').textContent = yes;
  byId('confirm-reason').hidden = !reason;
  byId('reason').value = '';
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => resolve(dialog.returnValue === 'yes' ? { reason: byId('reason').value.trim() } : undefined),
      { once: true },
    );
  });
}
