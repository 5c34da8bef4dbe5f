const plotOf = () => [...element.querySelectorAll('svg[data-scale]')].find(svg => svg.getClientRects().length) || element.querySelector('svg[data-scale]');
const nudgeOf = (state, n) => ((state.nudges || {})[n] || 0);
const signed = (ms) => `${ms > 0 ? '+' : ms < 0 ? '−' : ''}${digits(Math.abs(ms), 0)} ms`;
const field = (name) => element.querySelector(`[data-${name}]`);
const draw = (state) => {
  const svg = plotOf(); if (!svg) return;
  const all = nudgeOf(state, 'all');
  element.querySelectorAll('g[data-segment]').forEach(g => {
    const ms = all + nudgeOf(state, g.dataset.segment), line = g.querySelector('.seg');
    g.setAttribute('transform', `translate(0 ${-ms / 1000 / Number(svg.dataset.scale)})`);
    line.setAttribute('aria-valuenow', Math.round(ms)); line.setAttribute('aria-valuetext', signed(ms));
    const cell = element.querySelector(`td[data-offset-of="${g.dataset.segment}"]`);
    if (cell) {
      cell.textContent = `${digits(Number(cell.dataset.offset) + ms / 1000, 3)} s${ms ? ` (${signed(ms)})` : ''}`;
      cell.classList.toggle('changed', Boolean(ms));
    }
  });
  const pick = field('pick'), number = field('ms');
  if (pick && number) number.value = Math.round(nudgeOf(state, pick.value));
};
const past = history(draw);
const shifted = (n, ms, name) => {
  const state = past.now(), value = Math.max(-600000, Math.min(600000, Math.round(ms)));
  state.nudges = { ...(state.nudges || {}) };
  if (value) state.nudges[n] = value; else delete state.nudges[n];
  if (!Object.keys(state.nudges).length) delete state.nudges;
  past.push(state, 'nudge', n === 'all' ? 0 : Number(n) + 1, name);
};
const choose = (n) => {
  const pick = field('pick'); if (pick) { pick.value = n; draw(past.now()); }
  trigger('select', { segment: Number(n) });
};
let held = null;
element.addEventListener('pointerdown', (e) => {
  const seg = e.target.closest('.seg'); if (!seg || e.button) return;
  const n = seg.closest('g').dataset.segment;
  held = { seg, n, y: e.clientY, from: nudgeOf(past.now(), n), ms: nudgeOf(past.now(), n), far: false };
  seg.setPointerCapture(e.pointerId); seg.focus(); e.preventDefault();
});
element.addEventListener('pointermove', (e) => {
  if (!held) return;
  const svg = plotOf(), unit = Number(svg.dataset.scale) * svg.viewBox.baseVal.height / svg.getBoundingClientRect().height;
  const seconds = (held.y - e.clientY) * unit * (e.shiftKey ? 0.05 : 1);
  held.far = held.far || Math.abs(held.y - e.clientY) > 2;
  if (!held.far) return;
  held.ms = Math.round(held.from + 1000 * seconds);
  const state = past.now(); state.nudges = { ...(state.nudges || {}), [held.n]: held.ms }; draw(state);
});
const drop = () => {
  if (!held) return;
  const { n, ms, far } = held; held = null;
  if (far) shifted(n, ms, ''); choose(n);
};
element.addEventListener('pointerup', drop);
element.addEventListener('pointercancel', drop);
element.addEventListener('keydown', (e) => {
  const seg = e.target.closest('.seg'); if (!seg) return;
  const n = seg.closest('g').dataset.segment;
  if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); choose(n); return; }
  const step = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 100, PageDown: -100 }[e.key];
  if (!step || e.ctrlKey || e.metaKey) return;
  e.preventDefault(); shifted(n, nudgeOf(past.now(), n) + step * (e.shiftKey ? 10 : 1), `seg${n}`);
});
element.addEventListener('change', (e) => {
  if (e.target.matches('[data-pick]')) { draw(past.now()); if (e.target.value !== 'all') trigger('select', { segment: Number(e.target.value) }); }
  if (e.target.matches('[data-ms]')) shifted(field('pick').value, Number(e.target.value) || 0, '');
});
