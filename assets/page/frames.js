// Frames by hand: a card's `[data-shot]` has a choice of how its shot is shown, and where the frame's middle is: as a box on the shot's
// picture, which is dragged or moved by keys, and as a slider. As for the server the last entry that holds a shot's middle counts.
// `framing.shape(details)` is the shape that the clip would be made in now, `framing.span(card)` its seconds.
const framing = { shape: () => '', span: () => [0, 0] };
const SHAPES = { '9:16': 9 / 16, '4:5': 4 / 5, '1:1': 1, '16:9': 16 / 9 };
const framesOf = (state, n) => state.frames?.[n] || [];
const holds = (frame, row) => { const middle = (Number(row.dataset.start) + Number(row.dataset.end)) / 2; return frame.start <= middle && middle < frame.end; };
const ownFrame = (state, row) => framesOf(state, row.closest('[data-n]').dataset.n).findLast(frame => holds(frame, row));
// The free direction of a frame in its picture, and the frame's share of it.
const freedom = (row) => {
  const image = row.querySelector('img'), shown = image.naturalWidth / Math.max(1, image.naturalHeight), wanted = SHAPES[row.closest('.shots').dataset.shape];
  if (!wanted || !image.naturalWidth) return null;
  return wanted <= shown ? { along: 'x', size: wanted / shown } : { along: 'y', size: shown / wanted };
};
const inFrame = (middle, size) => Math.max(size / 2, Math.min(1 - size / 2, middle));
const box = (row, middle, kind) => {
  const crop = row.querySelector('.crop'), free = freedom(row); if (!free) return;
  const at = inFrame(middle, free.size), whole = kind === 'whole', part = { left: 0, width: 100, top: 0, height: 100 };
  if (!whole) Object.assign(part, free.along === 'x' ? { left: 100 * (at - free.size / 2), width: 100 * free.size } : { top: 100 * (at - free.size / 2), height: 100 * free.size });
  Object.entries(part).forEach(([name, value]) => { crop.style[name] = `${value}%`; });
  crop.classList.toggle('own', kind === 'hand'); crop.dataset.along = free.along;
  crop.setAttribute('aria-orientation', free.along === 'x' ? 'horizontal' : 'vertical');
  crop.setAttribute('aria-valuenow', Math.round(100 * at)); crop.setAttribute('aria-valuetext', `${Math.round(100 * at)} %`);
};
const drawFrames = (state) => {
  element.querySelectorAll('.shots').forEach((list) => {
    const shape = framing.shape(list), known = list.dataset.shape; list.hidden = !shape && !known;
    if (list.open && shape && shape !== known) ask(list);
  });
  element.querySelectorAll('[data-shot]').forEach(row => {
    const own = ownFrame(state, row), slider = row.querySelector('input'), [start, end] = framing.span(row.closest('[data-n]'));
    row.hidden = Number(row.dataset.end) <= start || Number(row.dataset.start) >= end;  // the clip was made shorter since
    row.querySelector('select').value = own?.kind || 'follow';
    slider.hidden = own?.kind !== 'hand'; slider.value = Math.round(100 * (own?.middle ?? 0.5));
    box(row, own?.kind === 'hand' ? own.middle : own?.kind === 'centre' ? 0.5 : Number(row.dataset.middle), own?.kind || row.dataset.kind);
  });
};
// Pictures are fetched when their list is opened.
const pictured = (list) => list.querySelectorAll('[data-shot]').forEach((row) => {
  const image = row.querySelector('img'), where = list.dataset.where; if (!where || image.getAttribute('src')) return;
  image.addEventListener('load', () => { row.querySelector('.framed').hidden = false; drawFrames(past.now()); });
  image.src = `${where.replace('{}', 'still')}?at=${((Number(row.dataset.start) + Number(row.dataset.end)) / 2).toFixed(2)}`;
});
const ask = async (list) => {
  const shape = framing.shape(list), words = JSON.parse(list.dataset.words), [start, end] = framing.span(list.closest('[data-n]')), key = `${shape} ${start} ${end}`;
  if (!shape || !list.dataset.where || list.dataset.asked === key) return;
  list.dataset.asked = key;
  const place = list.querySelector(':scope > div'), told = document.createElement('p'); told.className = 'soft'; told.setAttribute('role', 'status'); told.textContent = words.looking;
  place.replaceChildren(told);
  let shots = [];
  try { const answer = await fetch(`${list.dataset.where.replace('{}', 'frames')}?${new URLSearchParams({ start, end, aspect: shape })}`); if (answer.ok) shots = await answer.json(); } catch { /* it says that there is none */ }
  if (list.dataset.asked !== key) return;
  list.dataset.shape = shape; list.querySelector('summary').textContent = words.title.replace('{n}', shots.length);
  if (!shots.length) { told.textContent = words.none; return; }
  place.replaceChildren(...shots.map((shot) => {
    const row = list.querySelector('template').content.firstElementChild.cloneNode(true), at = clock(shot.start);
    Object.assign(row.dataset, { start: shot.start, end: shot.end, kind: shot.kind, middle: shot.middle ?? 0.5 });
    row.querySelector('b').textContent = `${at}–${clock(shot.end)}`; row.querySelector('small').textContent = `${words.kinds[shot.kind]} · ${shot.why}`;
    row.querySelectorAll('[aria-label]').forEach(part => part.setAttribute('aria-label', part.getAttribute('aria-label').replace('{at}', at)));
    return row;
  }));
  pictured(list); drawFrames(past.now());
};
element.addEventListener('toggle', (e) => { if (e.target.matches('.shots') && e.target.open) { drawFrames(past.now()); pictured(e.target); } }, true);
const framed = (row, kind, middle, key = '') => {
  const state = past.now(), n = row.closest('[data-n]').dataset.n, frames = framesOf(state, n).filter(frame => !holds(frame, row));
  if (kind !== 'follow') frames.push({ start: Number(row.dataset.start), end: Number(row.dataset.end), kind, middle: kind === 'hand' ? middle : 0.5 });
  state.frames = { ...(state.frames || {}), [n]: frames };
  if (!frames.length) delete state.frames[n];
  if (!Object.keys(state.frames).length) delete state.frames;
  past.push(state, 'frame', n, key);
};
element.addEventListener('change', (e) => {
  const row = e.target.closest('[data-shot]'); if (!row) return;
  const slides = e.target.matches('input'), start = Number(row.dataset.middle);
  framed(row, row.querySelector('select').value, slides ? Number(e.target.value) / 100 : ownFrame(past.now(), row)?.kind === 'hand' ? ownFrame(past.now(), row).middle : start, slides ? `frame${row.dataset.start}` : '');
});
// The box on the picture: it is taken where it is and goes along its free direction.
let taken = null;
const middleNow = (row) => { const own = ownFrame(past.now(), row); return own?.kind === 'hand' ? own.middle : own?.kind === 'centre' ? 0.5 : Number(row.dataset.middle); };
element.addEventListener('pointerdown', (e) => {
  const crop = e.target.closest('.crop'), row = crop?.closest('[data-shot]'), free = row && freedom(row); if (!free || e.button) return;
  taken = { crop, row, free, from: inFrame(middleNow(row), free.size), x: e.clientX, y: e.clientY, middle: null };
  crop.setPointerCapture(e.pointerId); crop.focus(); e.preventDefault();
});
element.addEventListener('pointermove', (e) => {
  if (!taken) return;
  const area = taken.row.querySelector('.framed').getBoundingClientRect(), far = taken.free.along === 'x' ? (e.clientX - taken.x) / area.width : (e.clientY - taken.y) / area.height;
  taken.middle = Math.round(1000 * inFrame(taken.from + far, taken.free.size)) / 1000; box(taken.row, taken.middle, 'hand');
});
const let_go = () => { if (!taken) return; const { row, middle } = taken; taken = null; if (middle !== null) framed(row, 'hand', middle); else drawFrames(past.now()); };
element.addEventListener('pointerup', let_go);
element.addEventListener('pointercancel', let_go);
element.addEventListener('keydown', (e) => {
  const crop = e.target.closest('.crop'), row = crop?.closest('[data-shot]'), free = row && freedom(row); if (!free || e.ctrlKey || e.metaKey) return;
  const step = { ArrowLeft: -0.01, ArrowUp: -0.01, ArrowRight: 0.01, ArrowDown: 0.01, PageUp: -0.1, PageDown: 0.1, Home: -9, End: 9 }[e.key]; if (!step) return;
  e.preventDefault(); e.stopPropagation();
  framed(row, 'hand', Math.round(1000 * inFrame(inFrame(middleNow(row), free.size) + step * (e.shiftKey ? 5 : 1), free.size)) / 1000, `frame${row.dataset.start}`);
});
