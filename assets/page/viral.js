const cardOf = (n) => element.querySelector(`.vcard[data-n="${n}"]`);
const board = () => element.querySelector('.viral');
const current = () => element.querySelector('.vcard[aria-current=true]') || element.querySelector('.vcard:not(.gone)');
// The clip that is worked on, and with it the timeline and the transcript of its file.
const turn = (card) => {
  if (!card) return;
  element.querySelectorAll('.vcard').forEach(c => c.setAttribute('aria-current', String(c === card)));
  element.querySelectorAll('.tl-play').forEach(b => b.setAttribute('aria-pressed', String(b.dataset.play === card.dataset.n)));
  const lines = [...element.querySelectorAll('.tl.whole')], mine = lines.find(line => line.querySelector(`.tl-clip[data-n="${card.dataset.n}"]`)); if (!mine) return;
  lines.forEach(line => { line.hidden = line !== mine; });
  const panel = element.querySelector('.said-panel'); if (panel && panel.dataset.of !== mine.dataset.beside) panel.dataset.of = mine.dataset.beside;
};
const fileNow = () => Number(current()?.dataset.file || 0);
const seek = (card, at, start = true) => {
  if (!card) return;
  turn(card);
  playFrom(card.dataset.src || '', Math.max(0, at + Number(card.dataset.shift || 0)), Infinity, card.dataset.poster || '', start);
};
const key = (box) => `${box.dataset.clip}:${box.dataset.sentence}`;
const original = new Map();
const past = history((state, root, fresh) => {
  if (fresh) original.clear();
  const ticked = new Set(state.ticked || []), texts = state.texts || {}, found = Number(board()?.dataset.found || 0), away = awayIn(state, found);
  element.querySelectorAll('.vcard, .tl-clip').forEach(part => part.classList.toggle('gone', Boolean(board()?.dataset.job) && away(part.dataset.n)));
  const held = current(); if (held?.classList.contains('gone')) turn(element.querySelector('.vcard:not(.gone)'));
  element.querySelectorAll('.vcard').forEach(card => {
    if (!card.querySelector('.tl-clip')) return;
    const n = card.dataset.n, [start, end] = boundsOf(state, n);
    place(n, [start, end]);
    // What lies outside the clip as it is now is not said in it.
    card.querySelectorAll('.line').forEach(line => { const box = line.querySelector('[data-sentence]'); if (!box) return; const t = Number(card.dataset.start) + (Number(box.dataset.start) + Number(box.dataset.end)) / 2; line.hidden = t < start || t >= end; });
    card.querySelector('.when').textContent = `${clock(start)}–${clock(end)} · ${digits(end - start)} s`;
  });
  element.querySelectorAll('input[data-sentence]').forEach(box => { box.checked = ticked.has(key(box)); });
  element.querySelectorAll('[data-make=sentences], [data-make=without]').forEach(b => { b.disabled = !ticked.size; });
  element.querySelectorAll('.said').forEach(said => {
    const fixed = texts[said.dataset.said];
    if (!original.has(said)) original.set(said, said.innerHTML);
    if (fixed !== undefined) said.textContent = fixed; else if (said.classList.contains('fixed')) said.innerHTML = original.get(said);
    said.classList.toggle('fixed', fixed !== undefined);
  });
  element.querySelectorAll('.vcard').forEach(card => card.classList.toggle('changed', unmade(card.dataset.n)));
  if (hoped && (state.added || []).length >= hoped) {
    hoped = 0; const card = cardOf(found + state.added.length); if (card) { turn(card); card.scrollIntoView({ block: 'nearest' }); card.querySelector('.go')?.focus({ preventScroll: true }); }
  }
  drawFrames(state); caption(); text.show(spoken(state)); told();
});
let hoped = 0;  // clips there are to be once the server has added one
const unmade = (n) => {
  const card = cardOf(n), made = JSON.parse(card?.dataset.made || 'null'), state = past.now();
  if (!made || !card.querySelector('.tl-clip') || card.classList.contains('gone')) return false;
  const texts = Object.fromEntries(Object.entries(state.texts || {}).filter(([key]) => key.split(':')[0] === n));
  return !same((made.bounds || []).map(Number), boundsOf(state, n).map(Number)) || !same(Object.entries(made.texts).sort(), Object.entries(texts).sort()) || !same(made.frames || [], framesOf(state, n))
    || !near(made.struck || [], without(state, boundsOf(state, n), Number(card.dataset.file || 0)));
};
// The changes as the transcript of the file that is open knows them.
const spoken = (state) => ({ ...state, struck: (state.struck || []).filter(s => (s[2] || 0) === fileNow()).map(([a, b]) => [a, b]) });
const told = downloads('viral-links', unmade, (n) => trigger('apply', { make: n ? 'clip' : 'changed', n: Number(n || 1), state: past.now() }));
edges(past, (n, bounds, edge) => {
  const card = cardOf(n), at = bounds[edge === 'start' ? 0 : 1] - Number(card.dataset.start);
  if (at >= 0 && at <= Number(card.dataset.end) - Number(card.dataset.start)) seek(card, at, false);
});
const caption = () => {
  const video = player(), line = element.querySelector('.now'), card = current(); if (!video || !line || !card) return;
  const t = video.currentTime - Number(card.dataset.shift || 0);
  const box = [...card.querySelectorAll('input[data-sentence]')].find(b => t >= Number(b.dataset.start) && t < Number(b.dataset.end));
  line.textContent = box ? card.querySelector(`.said[data-said="${key(box)}"]`).textContent : '';
  card.querySelectorAll('.line').forEach(p => p.classList.toggle('playing', Boolean(box) && p.contains(box)));
};
element.addEventListener('timeupdate', caption, true);
const fix = (said) => {
  if (said.querySelector('input')) return;
  const before = said.textContent.trim(), id = said.dataset.said, shown = said.innerHTML;
  const input = document.createElement('input');
  input.value = before; input.className = 'fix'; input.setAttribute('aria-label', before);
  said.replaceChildren(input); input.focus();
  let done = false;
  const close = (keep) => {
    if (done) return; done = true;
    const text = input.value.replace(/\s+/g, ' ').trim();
    said.innerHTML = shown;
    if (keep && text && text !== before) {
      const state = past.now(); state.texts = { ...(state.texts || {}) };
      const plain = document.createElement('span'); plain.innerHTML = original.get(said) ?? shown;
      if (text === plain.textContent.trim()) delete state.texts[id]; else state.texts[id] = text;
      if (!Object.keys(state.texts).length) delete state.texts;
      past.push(state, 'text', id.split(':')[0]);
    }
    element.querySelector(`[data-fix="${id}"]`)?.focus();
  };
  input.addEventListener('keydown', (e) => {
    e.stopPropagation();
    if (e.key === 'Enter') { e.preventDefault(); close(true); } else if (e.key === 'Escape') close(false);
  });
  input.addEventListener('blur', () => close(true));
};
element.addEventListener('click', (e) => {
  const hit = e.target.closest('[data-seek]'), make = e.target.closest('[data-make]'), pen = e.target.closest('[data-fix]');
  if (hit) seek(hit.closest('.vcard'), Number(hit.dataset.seek || 0));
  else if (pen) fix(element.querySelector(`.said[data-said="${pen.dataset.fix}"]`));
  else if (make) {
    trigger('apply', { make: make.dataset.make, n: Number(make.dataset.n || 1), state: past.now() });
  }
});
element.addEventListener('change', (e) => {
  if (!e.target.matches('input[data-sentence]')) return;
  const state = past.now(), ticked = [...element.querySelectorAll('input[data-sentence]:checked')].map(key);
  if (ticked.length) state.ticked = ticked; else delete state.ticked;
  past.push(state, 'tick', e.target.dataset.clip);
});
element.addEventListener('keydown', (e) => {
  const hit = e.target.closest('mark[data-seek]');
  if (hit && (e.key === 'Enter' || e.key === ' ')) { e.preventDefault(); seek(hit.closest('.vcard'), Number(hit.dataset.seek)); }
});
const here = () => { const card = current(); return card ? { card, n: card.dataset.n, at: (player()?.currentTime || 0) - Number(card.dataset.shift || 0) + Number(card.dataset.start) } : null; };
const act = (what) => { if (!board()?.dataset.job) return; hoped = (past.now().added || []).length + 1; past.act(what); };
const doTo = (name) => {
  const spot = here(); if (!spot || !board()?.dataset.job) return;
  if (name === 'remove') putAway(past, spot.n); else act({ act: name, n: Number(spot.n), at: spot.at });
};
const toSecond = (t, start) => {
  const spot = here(); if (!spot) return;
  const inside = (card) => { const [low, high] = boundsOf(past.now(), card.dataset.n); return t >= low && t < high; };
  const cards = [...element.querySelectorAll(`.vcard[data-file="${spot.card.dataset.file}"]:not(.gone)`)], card = inside(spot.card) ? spot.card : cards.find(inside) || spot.card;
  seek(card, t - Number(card.dataset.start), start);
};
const zoom = zooming(() => here()?.at || 0);
const text = speaking({
  now: () => here()?.at || 0, plays: () => true, seek: toSecond, state: () => spoken(past.now()),
  push: (next, name) => {
    const state = past.now(), file = fileNow(), struck = [...(state.struck || []).filter(s => (s[2] || 0) !== file), ...(next.struck || []).map(([a, b]) => file ? [a, b, file] : [a, b])];
    if (struck.length) state.struck = struck; else delete state.struck;
    past.push(state, name);
  },
  clip: (low, high) => act({ act: 'add', n: Number(here()?.n || 0), low, high }),
});
element.addEventListener('click', (e) => {
  const made = e.target.closest('[data-act]'), box = e.target.closest('[data-play]');
  if (made) doTo(made.dataset.act);
  else if (box) seek(cardOf(box.dataset.play), boundsOf(past.now(), box.dataset.play)[0] - Number(cardOf(box.dataset.play).dataset.start));
  else if (e.target.closest('.tl.whole .tl-wide') && !e.target.closest('.tl-clip, [data-edge]')) toSecond(zoom.second(e.clientX), !player()?.paused);
});
keyed({
  at: () => here()?.at || 0,
  edge: (which, t) => {
    const n = here()?.n, clip = element.querySelector(`.tl-clip[data-n="${n}"]`); if (!clip) return;
    const [start, end] = boundsOf(past.now(), n), at = Math.round(t * 100) / 100;
    const bounds = which === 'start' ? [Math.max(0, Math.min(at, end - SHORTEST)), end] : [start, Math.max(at, start + SHORTEST)];
    const state = past.now(); state.bounds = { ...(state.bounds || {}), [n]: bounds };
    if (same(bounds, [Number(clip.dataset.start), Number(clip.dataset.end)])) delete state.bounds[n];
    past.push(state, 'edge', n);
  },
  step: (by) => {
    const all = [...element.querySelectorAll('.vcard:not(.gone)')], next = all[all.indexOf(current()) + by];
    if (next) { seek(next, 0); next.scrollIntoView({ block: 'nearest' }); }
  },
  act: doTo, zoom: zoom.by, add: () => act({ act: 'add', n: Number(here()?.n || 0), at: here()?.at || 0 }),
});
// What was ranked was made in a shape; a clip that was not is made in the one that the form has.
framing.shape = (list) => { const shape = list.dataset.shape || document.querySelector('#viral-aspect input:checked')?.value || ''; return SHAPES[shape] ? shape : ''; };
framing.span = (card) => boundsOf(past.now(), card.dataset.n);
standing('.viral .watch');
