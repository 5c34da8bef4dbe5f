// A tab's way from form to result: what was pressed shows at once, progress and result come into view by themselves.
const still = matchMedia('(prefers-reduced-motion: reduce)');
const bring = (node) => node?.scrollIntoView({ behavior: still.matches ? 'auto' : 'smooth', block: 'start' });
const seen = new WeakMap();
const title = document.title;
const watchFlow = (root) => {
  if (seen.has(root)) return;
  const name = root.id.replace('-flow', ''), now = { state: '', wrong: '', made: false, pressed: 0 };
  seen.set(root, now);
  const part = (what) => document.getElementById(`${name}-${what}`);
  const soon = (words) => {
    now.pressed = performance.now(); root.classList.remove('open'); root.classList.add('pressed');
    const line = root.querySelector('.studio-soon'); if (!line) return;
    line.hidden = false; if (words) line.querySelector('strong').textContent = words;
    bring(root);
  };
  const settle = () => { root.classList.remove('pressed'); const line = root.querySelector('.studio-soon'); if (line) line.hidden = true; };
  root.addEventListener('begun', (e) => soon(e.detail));
  root.addEventListener('click', (e) => {
    const act = e.target.closest('[data-flow]')?.dataset.flow; if (!act) return;
    root.classList.add('open'); if (act === 'new') document.dispatchEvent(new CustomEvent('studio-new', { detail: name }));
    bring(root); root.querySelector('.zone input, .zone button')?.focus({ preventScroll: true });
  });
  const look = () => {
    const progress = part('progress'), running = progress?.querySelector('.studio-progress'), done = progress?.querySelector('.studio-done');
    const state = running ? `running ${running.dataset.job}` : done ? `done ${done.dataset.job}` : progress?.querySelector('.studio-note') ? 'ended' : '';
    if (state !== now.state) {
      const before = now.state; now.state = state;
      if (state) settle();
      if (!root.offsetParent) { if (done && before.startsWith('running')) ring(done.dataset.title); return; }
      if (state && before !== state && (before || performance.now() - now.pressed < 60000) && now.pressed) bring(root);
      if (done && before.startsWith('running')) { root.classList.remove('open'); ring(done.dataset.title); }
    }
    const made = part('made'), writing = Boolean(made?.querySelector('.studio-progress')), ready = Boolean(made?.querySelector('.studio-made'));
    const mark = writing ? 'writing' : ready ? 'ready' : '';
    if (mark !== now.made) { if (mark && now.made !== false && root.offsetParent) bring(made); now.made = mark; }
    const wrong = part('wrong')?.querySelector('.field-error');
    if (wrong && wrong.dataset.at !== now.wrong) {
      now.wrong = wrong.dataset.at; settle();
      document.dispatchEvent(new CustomEvent('studio-wrong', { detail: { zone: name, field: wrong.dataset.field, text: wrong.textContent } }));
    }
  };
  new MutationObserver(look).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-at', 'data-job'] });
  look();
};
const ring = (what) => {
  if (!document.hidden) return;
  document.title = `✓ ${what || title}`;
  if (window.Notification?.permission === 'granted') new Notification(`✓ ${what || title}`);
};
document.addEventListener('visibilitychange', () => { if (!document.hidden) document.title = title; });
const flows = () => document.querySelectorAll('.flow').forEach(watchFlow);
new MutationObserver(flows).observe(document.body, { childList: true, subtree: true });
flows();
// On a phone one section of the settings is open at a time: opening another folds it.
document.addEventListener('click', (e) => {
  const head = e.target.closest('.flow-options .label-wrap'); if (!head || innerWidth > 640 || head.classList.contains('open')) return;
  const place = head.closest('.block').parentElement;
  place.querySelectorAll(':scope > .block > .label-wrap.open').forEach(other => { if (other !== head) other.click(); });
}, true);
// Buttons of one tab that begin the work of this or another one.
const BEGINS = { 'sync-write': 'sync', 'highlights-rank': 'viral', 'sync-to-highlights': 'highlights' };
document.addEventListener('click', (e) => {
  const id = Object.keys(BEGINS).find(name => e.target.closest(`#${name}`)); if (!id) return;
  const tell = (tries) => {
    const root = document.getElementById(`${BEGINS[id]}-flow`);
    if (root?.offsetParent) root.dispatchEvent(new CustomEvent('begun', { detail: '' })); else if (tries) setTimeout(() => tell(tries - 1), 50);
  };
  tell(40);
});
// What a project or a part of one is opened at (its review, a season): that comes into view and takes the focus, once, unless the visitor
// went elsewhere. A part that opens in its own tab, above the list that it was pressed in, is brought up.
document.addEventListener('click', (e) => {
  const act = e.target.closest('[data-act]'), to = act?.dataset.to;
  if (act?.matches('.children-place [data-act=open]')) setTimeout(() => bring([...document.querySelectorAll('.flow')].find(flow => flow.offsetParent)), 300);
  if (!to) return;
  let left = false;
  const leave = () => { left = true; }, ways = ['wheel', 'touchstart', 'keydown', 'pointerdown'];
  setTimeout(() => ways.forEach(way => document.addEventListener(way, leave, { once: true, passive: true, capture: true })));
  const ended = () => ways.forEach(way => document.removeEventListener(way, leave, { capture: true }));
  const look = (tries, height = -1) => {
    const box = document.getElementById(to), head = box?.querySelector('.label-wrap.open'), tall = document.documentElement.scrollHeight;
    if (left || !tries) { ended(); return; }
    // What stands above it is drawn meanwhile: it is there once nothing grows any more.
    if (head?.offsetParent && tall === height) { bring(box); head.focus({ preventScroll: true }); ended(); } else setTimeout(look, 300, tries - 1, head?.offsetParent ? tall : -1);
  };
  look(200);
});
