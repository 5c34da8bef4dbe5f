// Frames by hand: a card's `[data-shot]` has a choice of how its shot is shown, and where the frame's middle is. As for the server
// the last entry that holds a shot's middle counts.
const framesOf = (state, n) => state.frames?.[n] || [];
const holds = (frame, row) => { const middle = (Number(row.dataset.start) + Number(row.dataset.end)) / 2; return frame.start <= middle && middle < frame.end; };
const drawFrames = (state) => element.querySelectorAll('[data-shot]').forEach(row => {
  const own = framesOf(state, row.closest('[data-n]').dataset.n).findLast(frame => holds(frame, row)), slider = row.querySelector('input');
  row.querySelector('select').value = own?.kind || 'follow';
  slider.hidden = own?.kind !== 'hand'; slider.value = Math.round(100 * (own?.middle ?? 0.5));
});
element.addEventListener('change', (e) => {
  const row = e.target.closest('[data-shot]'); if (!row) return;
  const state = past.now(), n = row.closest('[data-n]').dataset.n, kind = row.querySelector('select').value;
  const frames = framesOf(state, n).filter(frame => !holds(frame, row));
  const middle = kind === 'hand' ? Number(row.querySelector('input').value) / 100 : 0.5;
  if (kind !== 'follow') frames.push({ start: Number(row.dataset.start), end: Number(row.dataset.end), kind, middle });
  state.frames = { ...(state.frames || {}), [n]: frames };
  if (!frames.length) delete state.frames[n];
  if (!Object.keys(state.frames).length) delete state.frames;
  past.push(state, 'frame', n, e.target.matches('input') ? `frame${n}:${row.dataset.start}` : '');
});
