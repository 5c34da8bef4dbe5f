const ticked = () => [...element.querySelectorAll('[data-want]:checked')].map(box => Number(box.dataset.want));
const stageOf = () => element.querySelector('.stage');
const cardOf = (n) => element.querySelector(`.card[data-n="${n}"]`);
const chosen = (n) => {
  element.querySelectorAll('.card').forEach(c => c.setAttribute('aria-current', String(c.dataset.n === String(n))));
  element.querySelectorAll('.tl-play').forEach(b => b.setAttribute('aria-pressed', String(b.dataset.play === String(n))));
  element.querySelectorAll('.strip').forEach(s => { s.hidden = s.dataset.n !== String(n); });
};
const play = (n) => {
  const card = cardOf(n); if (!card) return;
  const [start, end] = boundsOf(past.now(), n), source = stageOf().dataset.source, made = (card.dataset.made || '').split(',').map(Number);
  chosen(n);
  if (card.dataset.src && start === made[0] && end === made[1]) playFrom(card.dataset.src, 0, Infinity, card.dataset.poster);
  else if (source) playFrom(source, start, end);
  else playFrom(card.dataset.src, Math.max(0, start - made[0]), end - made[0], card.dataset.poster);
};
const past = history((state, root) => {
  let open = 0;
  const added = (state.added || []).length, first = Number(stageOf()?.dataset.found || 0);
  element.querySelectorAll('.card, .tl-clip, .strip').forEach(part => {
    const k = Number(part.dataset.n) - first; if (first && k > 0) part.classList.toggle('gone', k > added);
  });
  element.querySelectorAll('.card').forEach(card => {
    const n = card.dataset.n, [start, end] = boundsOf(state, n);
    place(n, [start, end]);
    const made = (card.dataset.made || '').split(',').map(Number), dirty = !card.classList.contains('gone') && Boolean(stageOf()?.dataset.job) && !same(made, [start, end]);
    card.classList.toggle('changed', dirty); open += dirty;
    card.querySelector('.when').textContent = `${clock(start)}–${clock(end)}`;
    card.querySelector('.long').textContent = `${digits(end - start)} s`;
  });
  const make = root.querySelector('[data-apply]'); if (make) make.disabled = !open;
  told();
});
const unmade = (n) => {
  const card = cardOf(n); if (card?.classList.contains('gone')) return false;
  const made = (card?.dataset.made || '').split(',').map(Number);
  return !same(made, boundsOf(past.now(), n));
};
const told = downloads('highlights-files', unmade, (n) => trigger('apply', { state: past.now(), n: n ? Number(n) : null }));
edges(past, (n, bounds, edge) => {
  const source = stageOf().dataset.source, card = cardOf(n), at = bounds[edge === 'start' ? 0 : 1];
  const made = (card.dataset.made || '').split(',').map(Number);
  if (source) playFrom(source, at, Infinity, '', false);
  else if (at >= made[0] && at <= made[1]) playFrom(card.dataset.src, at - made[0], Infinity, '', false);
});
element.addEventListener('click', (e) => {
  const hit = e.target.closest('[data-play]');
  if (hit) play(hit.dataset.play);
  else if (e.target.closest('[data-apply]')) trigger('apply', { state: past.now(), only: ticked() });
});
element.addEventListener('keydown', (e) => {
  const clip = e.target.closest('.tl-play'); if (!clip || !['ArrowLeft', 'ArrowRight'].includes(e.key)) return;
  const all = [...element.querySelectorAll('.tl-play')].sort((a, b) => a.getBoundingClientRect().left - b.getBoundingClientRect().left);
  const next = all[all.indexOf(clip) + (e.key === 'ArrowRight' ? 1 : -1)]; if (next) { next.focus(); e.preventDefault(); }
});
// What plays now: a clip's own file (from its first second on) or the whole source.
const playing = () => element.querySelector('.card[aria-current=true]');
const offset = () => {
  const card = playing(), src = player()?.getAttribute('src');
  return card?.dataset.src && src === card.dataset.src ? Number((card.dataset.made || '0').split(',')[0]) : 0;
};
keyed({
  at: () => (player()?.currentTime || 0) + offset(),
  edge: (which, t) => {
    const n = playing()?.dataset.n; if (!n || !stageOf()?.dataset.job) return;
    const [start, end] = boundsOf(past.now(), n), clip = element.querySelector(`.tl-clip[data-n="${n}"]`), at = Math.round(t * 100) / 100;
    const bounds = which === 'start' ? [Math.max(0, Math.min(at, end - SHORTEST)), end] : [start, Math.max(at, start + SHORTEST)];
    const state = past.now(); state.bounds = { ...(state.bounds || {}), [n]: bounds };
    if (same(bounds, [Number(clip.dataset.start), Number(clip.dataset.end)])) delete state.bounds[n];
    past.push(state);
  },
  step: (by) => {
    const all = [...element.querySelectorAll('.card:not([hidden])')], next = all[all.indexOf(playing()) + by];
    if (next) { play(next.dataset.n); next.scrollIntoView({ block: 'nearest' }); }
  },
  add: () => { const at = (player()?.currentTime || 0) + offset(); if (stageOf()?.dataset.job) trigger('moment', { at, state: past.now() }); },
});
element.addEventListener('click', (e) => {
  if (e.target.closest('[data-add]')) trigger('moment', { at: (player()?.currentTime || 0) + offset(), state: past.now() });
});

// What is ticked is what is made; how long that is stands beside the button.
const weigh = () => {
  const only = ticked(), make = element.querySelector('[data-apply]'); if (!make) return;
  make.dataset.plain ??= make.textContent;
  const seconds = only.reduce((sum, n) => { const [low, high] = boundsOf(past.now(), n); return sum + high - low; }, 0);
  make.textContent = only.length ? `${make.dataset.plain} (${only.length} · ${clock(seconds)})` : make.dataset.plain;
};
element.addEventListener('change', (e) => { if (e.target.matches('[data-want]')) weigh(); });
