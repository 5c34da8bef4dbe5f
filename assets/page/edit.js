// Shared by the tabs: undo and redo over plain states, and clip edges that pointer and keys move.
const tongue = document.documentElement.lang || 'en';
const digits = (value, n = 1) => new Intl.NumberFormat(tongue, { minimumFractionDigits: n, maximumFractionDigits: n }).format(value);
const clock = (t) => {
  const tenths = Math.round(t * 10), h = Math.floor(tenths / 36000), m = Math.floor(tenths / 600) % 60, s = (tenths % 600) / 10;
  return `${h ? h + ':' : ''}${h ? String(m).padStart(2, '0') : m}:${s < 10 ? '0' : ''}${digits(s)}`;
};
const copy = (value) => JSON.parse(JSON.stringify(value));
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// steps[0] is how the job left it; every other has a `name` (its words stand in the toolbar's data-steps) and the clip `n` it was about.
// `show` draws a state, the server hears of it through the event `edit`. What the server does itself (`act`) comes back as a new drawing.
const history = (show) => {
  const first = () => ({ at: 0, steps: [{ name: '', n: 0, state: {} }] });
  let past = first(), job = null, root = null, render = null, last = { key: '', time: 0 }, waiting = 0;
  const state = () => past.steps[past.at].state;
  const MOST = 50, LONG = 28;
  const titled = (n, words) => {
    const card = element.querySelector(`:is(.card, .vcard)[data-n="${n}"]`), title = (card?.querySelector('.post h3')?.textContent || card?.dataset.title || '').trim();
    return title ? `«${title.length > LONG ? `${title.slice(0, LONG - 1).trim()}…` : title}»` : words.clip.replace('{n}', n);
  };
  const named = (step) => {
    const words = JSON.parse(element.querySelector('[data-steps]')?.dataset.steps || '{}');
    return (words[step.name] || words.other || '').replace('{clip}', () => titled(step.n, words));
  };
  const label = (button, step) => {
    if (!button) return;
    const sign = button.matches('[data-undo]') ? '↶' : '↷', text = step ? `${button.dataset.plain}: ${named(step)}` : button.dataset.plain;
    button.disabled = !step; button.title = step ? text : '';
    if (button.textContent !== `${sign} ${text}`) button.textContent = `${sign} ${text}`;
  };
  const list = () => {
    const box = element.querySelector('.steps'); if (!box) return;
    box.hidden = past.steps.length < 2;
    box.querySelector('summary').dataset.n = past.steps.length - 1;
    const held = box.contains(document.activeElement) ? document.activeElement.dataset?.step : null;
    box.querySelector('ol').replaceChildren(...past.steps.map((step, i) => {
      const row = document.createElement('li'), button = document.createElement('button');
      button.type = 'button'; button.dataset.step = i; button.textContent = named(step); if (i === past.at) button.setAttribute('aria-current', 'step'); row.append(button); return row;
    }));
    if (held != null) box.querySelector(`[data-step="${held}"]`)?.focus();
  };
  const buttons = () => {
    label(element.querySelector('[data-undo]'), past.at > 0 ? past.steps[past.at] : null);
    label(element.querySelector('[data-redo]'), past.steps[past.at + 1]); list();
  };
  const draw = (fresh = false) => { if (root) { show(state(), root, fresh); buttons(); } };
  const sent = () => ({ job, state: state(), past });
  // A step that was undone before the page was loaded has no card yet: the server draws it.
  const undrawn = () => { const found = Number(root?.dataset.found || 0); return found > 0 && element.querySelectorAll(':is(.card, .vcard)[data-n]').length < found + (state().added || []).length; };
  const told = () => {
    draw(); clearTimeout(waiting); waiting = 0;
    if (undrawn()) trigger('moment', { ...sent(), act: 'show' }); else waiting = setTimeout(() => { waiting = 0; trigger('edit', sent()); }, 120);
  };
  const go = (to) => { if (to >= 0 && to < past.steps.length && to !== past.at) { past.at = to; last.key = ''; told(); } };
  const saved = () => {
    const now = JSON.parse(root.dataset.edits || '{}'), kept = JSON.parse(root.dataset.past || '{}');
    if (kept.steps?.length && same(kept.steps[kept.at].state, now)) return kept;
    return Object.keys(now).length ? { at: 1, steps: [...first().steps, { name: 'other', n: 0, state: now }] } : first();
  };
  const look = () => {
    const found = element.querySelector('[data-job]');
    // Gradio mends the old elements rather than replacing them: a new drawing shows by its mark.
    if (!found || (found === root && found.dataset.render === render)) return;
    root = found; render = root.dataset.render;
    if (root.dataset.job !== job) { job = root.dataset.job; past = saved(); }
    else if (!same(JSON.parse(root.dataset.edits || '{}').added || [], state().added || [])) past = saved();  // the server did something, as asked
    draw(true);
  };
  new MutationObserver(look).observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-render', 'data-job'] });
  element.addEventListener('click', (e) => {
    const step = e.target.closest('[data-step]');
    if (e.target.closest('[data-undo]')) go(past.at - 1); else if (e.target.closest('[data-redo]')) go(past.at + 1); else if (step) go(Number(step.dataset.step));
  });
  element.addEventListener('keydown', (e) => {
    if (!(e.ctrlKey || e.metaKey) || e.target.matches('input:not([type=checkbox]), textarea')) return;
    const key = e.key.toLowerCase();
    if (key === 'z' || key === 'y') { e.preventDefault(); go(past.at + (key === 'y' || e.shiftKey ? 1 : -1)); }
  });
  const self = {
    now: () => copy(state()),
    // Steps with the same key that follow each other quickly (a held arrow key) are undone together.
    push: (next, name, n = 0, key = '') => {
      if (same(next, state())) { draw(); return; }
      const joined = key && key === last.key && Date.now() - last.time < 900;
      const steps = past.steps.slice(0, joined ? past.at : past.at + 1).concat([{ name, n: Number(n), state: next }]).slice(-MOST);
      past = { at: steps.length - 1, steps }; last = { key, time: Date.now() }; told();
    },
    act: (what) => { clearTimeout(waiting); waiting = 0; last.key = ''; trigger('moment', { ...sent(), ...what }); },
  };
  setTimeout(look);
  return self;
};
// What was put away, or belongs to a step that was undone, is not there. `found` clips were there before anything was added.
const awayIn = (state, found) => (n) => (state.removed || []).includes(Number(n)) || (found > 0 && Number(n) > found + (state.added || []).length);
const putAway = (past, n) => { const state = past.now(); state.removed = [...(state.removed || []), Number(n)].sort((a, b) => a - b); past.push(state, 'remove', n); };

// What is struck out between two seconds of file number `file`, as the server cuts it.
const without = (state, [start, end], file = 0) => (state.struck || []).filter(s => (s[2] || 0) === file).map(([a, b]) => [Math.max(start, a), Math.min(end, b)]).filter(([a, b]) => b - a >= 0.02).sort((a, b) => a[0] - b[0]);
const near = (a, b) => a.length === b.length && a.every((pair, i) => Math.abs(pair[0] - b[i][0]) < 0.002 && Math.abs(pair[1] - b[i][1]) < 0.002);

// Edges: `.tl-track[data-from][data-to]` holds `.tl-clip[data-n][data-start][data-end]`, which hold `[data-edge=start|end]`.
const SHORTEST = 1;
const boundsOf = (state, n) => {
  const clip = element.querySelector(`.tl-clip[data-n="${n}"]`);
  return (state.bounds || {})[n] || [Number(clip.dataset.start), Number(clip.dataset.end)];
};
const place = (n, [start, end]) => {
  element.querySelectorAll(`.tl-clip[data-n="${n}"]`).forEach(clip => {
    const track = clip.closest('.tl-track'), from = Number(track.dataset.from), whole = Number(track.dataset.to) - from;
    clip.style.left = `${100 * (start - from) / whole}%`; clip.style.width = `${100 * (end - start) / whole}%`;
    clip.classList.toggle('changed', start !== Number(clip.dataset.start) || end !== Number(clip.dataset.end));
    clip.querySelectorAll('[data-edge]').forEach(edge => {
      const value = edge.dataset.edge === 'start' ? start : end;
      edge.setAttribute('aria-valuenow', value.toFixed(1)); edge.setAttribute('aria-valuetext', clock(value));
    });
  });
};
const edges = (past, moved) => {
  const limited = (edge, value, [start, end]) => {
    const track = edge.closest('.tl-track'), low = Number(track.dataset.from), high = Number(track.dataset.to);
    const t = Math.round(value * 100) / 100;
    return edge.dataset.edge === 'start' ? [Math.max(low, Math.min(t, end - SHORTEST)), end]
      : [start, Math.min(high, Math.max(t, start + SHORTEST))];
  };
  const commit = (n, bounds, key) => {
    const state = past.now(), clip = element.querySelector(`.tl-clip[data-n="${n}"]`);
    state.bounds = { ...(state.bounds || {}) };
    if (same(bounds, [Number(clip.dataset.start), Number(clip.dataset.end)])) delete state.bounds[n]; else state.bounds[n] = bounds;
    if (!Object.keys(state.bounds).length) delete state.bounds;
    past.push(state, 'edge', n, key);
  };
  let held = null;
  element.addEventListener('pointerdown', (e) => {
    const edge = e.target.closest('[data-edge]'); if (!edge || e.button) return;
    const n = edge.closest('.tl-clip').dataset.n;
    held = { edge, n, bounds: boundsOf(past.now(), n) };
    edge.setPointerCapture(e.pointerId); edge.focus(); e.preventDefault();
  });
  element.addEventListener('pointermove', (e) => {
    if (!held) return;
    const track = held.edge.closest('.tl-track'), box = track.getBoundingClientRect(), from = Number(track.dataset.from);
    const t = from + (e.clientX - box.left) / box.width * (Number(track.dataset.to) - from);
    held.bounds = limited(held.edge, t, boundsOf(past.now(), held.n));
    place(held.n, held.bounds); moved(held.n, held.bounds, held.edge.dataset.edge);
  });
  const drop = () => { if (held) { const { n, bounds } = held; held = null; commit(n, bounds, ''); } };
  element.addEventListener('pointerup', drop);
  element.addEventListener('pointercancel', drop);
  element.addEventListener('keydown', (e) => {
    const edge = e.target.closest('[data-edge]'); if (!edge) return;
    const step = { ArrowLeft: -0.1, ArrowDown: -0.1, ArrowRight: 0.1, ArrowUp: 0.1, PageDown: -1, PageUp: 1, Home: -1e9, End: 1e9 }[e.key];
    if (!step || e.ctrlKey || e.metaKey) return;
    e.preventDefault(); e.stopPropagation();
    const n = edge.closest('.tl-clip').dataset.n, before = boundsOf(past.now(), n);
    const value = before[edge.dataset.edge === 'start' ? 0 : 1] + step * (e.shiftKey ? 10 : 1);
    const bounds = limited(edge, value, before);
    moved(n, bounds, edge.dataset.edge); commit(n, bounds, `${n}${edge.dataset.edge}`);
  });
};

// One player for everything: a file, from a second of it, until another.
const player = () => element.querySelector('video');
let stopAt = Infinity;
const playFrom = (src, at, until = Infinity, poster = '', start = true) => {
  const video = player(); if (!video || !src) return;
  const go = () => { video.currentTime = Math.max(0, at); stopAt = until; if (start) video.play().catch(() => {}); else video.pause(); };
  if (video.getAttribute('src') === src && video.readyState > 0) { go(); return; }
  if (video.getAttribute('src') !== src) { video.poster = poster; video.src = src; }
  video.addEventListener('loadedmetadata', go, { once: true });
};
element.addEventListener('timeupdate', (e) => { if (e.target.currentTime >= stopAt) { e.target.pause(); stopAt = Infinity; } }, true);

// A button `[data-copy]` puts its text on the clipboard and says so for a moment.
const onClipboard = async (text) => {
  if (navigator.clipboard && window.isSecureContext) {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* not allowed: as without https */ }
  }
  // Without https the browser has no clipboard for scripts; what is selected can still be copied.
  const field = document.createElement('textarea');
  field.value = text; field.style.cssText = 'position:fixed;opacity:0'; field.setAttribute('readonly', '');
  document.body.append(field); field.select();
  const done = document.execCommand('copy'); field.remove();
  return done;
};
element.addEventListener('click', async (e) => {
  const button = e.target.closest('[data-copy]'); if (!button || button.dataset.was) return;
  if (!await onClipboard(button.dataset.copy)) return;
  button.dataset.was = button.textContent; button.textContent = button.dataset.copied; button.focus();
  setTimeout(() => { button.textContent = button.dataset.was; delete button.dataset.was; }, 1800);
});

// A button `[data-share]` makes a link to the file at that address, copies it and says until when it holds.
element.addEventListener('click', async (e) => {
  const button = e.target.closest('[data-share]'); if (!button || button.dataset.was) return;
  button.dataset.was = button.textContent;
  let text = button.dataset.failed;
  try {
    const answer = await fetch('/page/share', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ address: button.dataset.share }) }), made = await answer.json();
    if (answer.ok && await onClipboard(location.origin + made.url)) text = button.dataset.copied.replace('{when}', new Date(1000 * made.until).toLocaleDateString(tongue, { day: 'numeric', month: 'long' }));
    else if (made.message) text = made.message;
  } catch { /* it says that it failed */ }
  button.textContent = text; button.focus();
  setTimeout(() => { button.textContent = button.dataset.was; delete button.dataset.was; }, 4000);
});

// Downloads of what was changed since it was made: it is made first, then it comes. `dirty(n)` tells, `make(n)` (0: all) makes it.
const downloads = (place, dirty, make) => {
  let wanted = null;
  const plain = new WeakMap();
  const zip = () => document.querySelector(`#${place} a[data-zip]`);
  const all = () => [...element.querySelectorAll('[data-n] a[data-get]')].map(a => [a, a.closest('[data-n]').dataset.n]);
  const numbers = () => [...new Set(all().map(([, n]) => n))];
  const say = (link, open) => {
    if (!link) return;
    if (!plain.has(link)) plain.set(link, link.textContent);
    const text = !open ? plain.get(link) : link.dataset.get === 'url' ? link.dataset.first : `${link.dataset.first}: ${plain.get(link)}`;
    if (link.textContent !== text) link.textContent = text;
  };
  const press = (link) => { const copy = document.createElement('a'); copy.href = link.href; copy.download = ''; copy.hidden = true; document.body.append(copy); copy.click(); copy.remove(); };
  const draw = () => {
    all().forEach(([link, n]) => say(link, dirty(n)));
    const open = numbers().filter(dirty); say(zip(), open.length > 0);
    if (!wanted || (wanted.n ? dirty(wanted.n) : open.length)) return;
    const link = wanted.n ? all().find(([a, n]) => n === wanted.n && a.dataset.get === wanted.get)?.[0] : zip();
    wanted = null; if (link) press(link);
  };
  const caught = (e, link, n) => {
    if (!(n ? dirty(n) : numbers().some(dirty))) return;
    e.preventDefault(); wanted = { n, get: link.dataset.get }; make(n);
  };
  element.addEventListener('click', (e) => { const link = e.target.closest('a[data-get]'); if (link) caught(e, link, link.closest('[data-n]').dataset.n); });
  document.addEventListener('click', (e) => { const link = e.target.closest(`#${place} a[data-zip]`); if (link) caught(e, link, null); });
  return draw;
};
// A column that stands beside a longer one: where it is taller than the window it goes with the page until its end is seen, and stays there.
const standing = (selector) => {
  const sizes = new ResizeObserver(all => all.forEach(one => element.style.setProperty('--tall', `${Math.ceil(one.target.offsetHeight)}px`)));
  let of = null;
  const look = () => { const column = element.querySelector(selector); if (column !== of) { if (of) sizes.unobserve(of); of = column; if (of) sizes.observe(of); } };
  new MutationObserver(look).observe(element, { childList: true, subtree: true }); look();
};
