// Clips or transcript beside the player, where there is no room for both; kept on what Gradio does not draw anew.
const side = (name) => {
  element.dataset.side = name; sessionStorage.setItem('studio-side', name);
  element.querySelectorAll('[data-side]').forEach(b => b.setAttribute('aria-pressed', String(b.dataset.side === name)));
};
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
  if (card.dataset.src && !stale(card, past.now())) playFrom(card.dataset.src, 0, Infinity, card.dataset.poster);
  else if (source) playFrom(source, start, end);
  else playFrom(card.dataset.src, Math.max(0, start - made[0]), end - made[0], card.dataset.poster);
};
const madeOf = (card) => (card?.dataset.made || '').split(',').map(Number);
const stale = (card, state) => {
  const bounds = boundsOf(state, card.dataset.n);
  return !same(madeOf(card), bounds) || !same(lookOf({ look: JSON.parse(card.dataset.look || '{}') }), lookOf(state)) || !same(JSON.parse(card.dataset.frames || '[]'), framesOf(state, card.dataset.n)) || !near(JSON.parse(card.dataset.without || '[]'), without(state, bounds));
};
let hoped = 0;  // moments there are to be once the server has added one
const past = history((state, root) => {
  let open = 0;
  const added = (state.added || []).length, first = Number(stageOf()?.dataset.found || 0), away = awayIn(state, first);
  element.querySelectorAll('.card, .tl-clip, .strip').forEach(part => part.classList.toggle('gone', away(part.dataset.n)));
  const held = playing(); if (held?.classList.contains('gone')) { const other = element.querySelector('.card:not(.gone)'); if (other) chosen(other.dataset.n); }
  element.querySelectorAll('.card').forEach(card => {
    const n = card.dataset.n, [start, end] = boundsOf(state, n);
    place(n, [start, end]);
    const dirty = !card.classList.contains('gone') && Boolean(stageOf()?.dataset.job) && stale(card, state);
    card.classList.toggle('changed', dirty); open += dirty;
    card.querySelector('.when').textContent = `${clock(start)}–${clock(end)}`;
    card.querySelector('.long').textContent = `${digits(end - start - without(state, [start, end]).reduce((sum, [a, b]) => sum + b - a, 0))} s`;
  });
  if (hoped && added >= hoped) {
    hoped = 0; side('cards'); const card = cardOf(first + added); if (card) { chosen(card.dataset.n); card.scrollIntoView({ block: 'nearest' }); card.querySelector('.pic')?.focus({ preventScroll: true }); }
  }
  weigh(); drawHow(state); drawFrames(state); side(element.dataset.side || sessionStorage.getItem('studio-side') || 'cards'); text.show(state);
  const make = root.querySelector('[data-apply]'); if (make) make.disabled = !open;
  told();
});
const unmade = (n) => {
  const card = cardOf(n); if (card?.classList.contains('gone')) return false;
  return Boolean(card) && stale(card, past.now());
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
const own = () => { const card = playing(); return Boolean(card?.dataset.src) && player()?.getAttribute('src') === card.dataset.src; };
const at = () => {
  const t = player()?.currentTime || 0; if (!own()) return t;
  return JSON.parse(playing().dataset.without || '[]').reduce((sum, [a, b]) => sum >= a ? sum + b - a : sum, t + madeOf(playing())[0]);
};
const toSecond = (t, start) => {
  const source = stageOf()?.dataset.source, card = playing(), [low, high] = card ? madeOf(card) : [];
  if (source) playFrom(source, t, Infinity, '', start); else if (card?.dataset.src && t >= low && t <= high) playFrom(card.dataset.src, t - low, Infinity, card.dataset.poster, start);
};
const act = (what) => { if (!stageOf()?.dataset.job) return; hoped = (past.now().added || []).length + 1; past.act(what); };
const add = (where) => act({ act: 'add', ...where });
const doTo = (name) => {
  const n = playing()?.dataset.n; if (!n || !stageOf()?.dataset.job) return;
  if (name === 'remove') putAway(past, n); else act({ act: name, n: Number(n), at: at() });
};
const zoom = zooming(at);
const text = speaking({ now: at, plays: () => !own(), seek: toSecond, state: past.now, push: (state, name) => past.push(state, name), clip: (low, high) => add({ low, high }) });
keyed({
  at, zoom: zoom.by,
  edge: (which, t) => {
    const n = playing()?.dataset.n; if (!n || !stageOf()?.dataset.job) return;
    const [start, end] = boundsOf(past.now(), n), clip = element.querySelector(`.tl-clip[data-n="${n}"]`), at = Math.round(t * 100) / 100;
    const bounds = which === 'start' ? [Math.max(0, Math.min(at, end - SHORTEST)), end] : [start, Math.max(at, start + SHORTEST)];
    const state = past.now(); state.bounds = { ...(state.bounds || {}), [n]: bounds };
    if (same(bounds, [Number(clip.dataset.start), Number(clip.dataset.end)])) delete state.bounds[n];
    past.push(state, 'edge', n);
  },
  step: (by) => {
    const all = [...element.querySelectorAll('.card:not(.gone)')], next = all[all.indexOf(playing()) + by];
    if (next) { play(next.dataset.n); next.scrollIntoView({ block: 'nearest' }); }
  },
  add: () => add({ at: at() }), act: doTo,
});
element.addEventListener('click', (e) => {
  const hit = e.target.closest('.sides [data-side]'), made = e.target.closest('[data-act]');
  if (hit) side(hit.dataset.side); else if (made) doTo(made.dataset.act); else if (e.target.closest('[data-add]')) add({ at: at() });
  else if (e.target.closest('.tl.whole .tl-wide') && !e.target.closest('.tl-clip, [data-edge]')) toSecond(zoom.second(e.clientX), !player()?.paused);
});

// What is ticked is what is made, else everything that is not made as it now is; what that costs stands above the button.
const lengthOf = (state, n) => { const bounds = boundsOf(state, n); return bounds[1] - bounds[0] - without(state, bounds).reduce((sum, [a, b]) => sum + b - a, 0); };
const weigh = () => {
  const state = past.now(), only = ticked(), make = element.querySelector('[data-apply]'), out = element.querySelector('.making-cost'); if (!make) return;
  const meant = [...element.querySelectorAll('.card:not(.gone)')].filter(card => stale(card, state) && (!only.length || only.includes(Number(card.dataset.n)))).map(card => lengthOf(state, card.dataset.n));
  if (out) out.textContent = costOf(state, meant);
  make.dataset.plain ??= make.textContent;
  make.textContent = only.length ? `${make.dataset.plain} (${only.length})` : make.dataset.plain;
};
element.addEventListener('change', (e) => { if (e.target.matches('[data-want]')) weigh(); });
framing.shape = () => { const look = lookOf(past.now()), costs = JSON.parse(makingBox()?.dataset.costs || '{}'), shape = look.aspect !== 'source' ? look.aspect : costs.places?.[look.platform]?.[0] || ''; return SHAPES[shape] ? shape : ''; };
framing.span = (card) => boundsOf(past.now(), card.dataset.n);
standing('.stage .desk');
