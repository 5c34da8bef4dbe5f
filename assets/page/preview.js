const draw = captionsWorker('/page/captions/');
let seen = '', shown = null;
const canvas = () => element.querySelector('.look-frame canvas');
const show = async (time) => {
  const target = canvas(); if (!target || !shown) return;
  try { await draw(target, shown, time); target.dataset.drawn = String(time); } catch (e) { target.dataset.failed = String(e); }
};
const look = () => {
  const found = element.querySelector('[data-shown]');
  if (!found || found.dataset.shown === seen) return;
  seen = found.dataset.shown; shown = JSON.parse(seen); show(shown.time);
};
new MutationObserver(look).observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-shown'] });
element.addEventListener('input', (e) => {
  if (!e.target.matches('[data-time]')) return;
  const time = Number(e.target.value); show(time);
  const told = element.querySelector('output');
  if (told) told.textContent = `${new Intl.NumberFormat(document.documentElement.lang || 'en', { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(time)} s`;
});
element.addEventListener('change', (e) => {
  const time = Number(element.querySelector('[data-time]').value), clip = Number(element.querySelector('[data-clip]').value);
  if (e.target.matches('[data-time]')) trigger('apply', { n: clip, time });
  else if (e.target.matches('[data-clip]')) trigger('apply', { n: clip, time: 0.5 });
});
// Closed by its button or by Escape, wherever in it the focus is; that goes back to what opened it.
const close = () => { seen = ''; shown = null; trigger('close', {}); document.getElementById('looks-see')?.focus(); };
element.addEventListener('click', (e) => { if (e.target.closest('[data-close]')) close(); });
element.addEventListener('keydown', (e) => { if (e.key === 'Escape' && element.querySelector('[data-shown]')) { e.preventDefault(); close(); } });
setTimeout(look);
