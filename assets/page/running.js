// A running job's card: seconds go on between two answers of the server, Stop says at once that it was heard.
const card = () => element.querySelector('.studio-progress');
let base = null;
const clockOf = (s) => { const t = Math.max(0, Math.round(s)), h = Math.floor(t / 3600); return `${h ? h + ':' : ''}${String(Math.floor(t / 60) % 60).padStart(h ? 2 : 1, '0')}:${String(t % 60).padStart(2, '0')}`; };
const put = (text, time) => text.replace('{seconds}', clockOf(time));
const tick = () => {
  const found = card(); if (!found) { base = null; return; }
  const now = performance.now() / 1000, key = `${found.dataset.job}/${found.dataset.elapsed}/${found.dataset.left}`;
  if (base?.key !== key) base = { key, at: now, elapsed: Number(found.dataset.elapsed), left: Number(found.dataset.left) };
  const times = found.querySelector('.times'); if (!times || base.elapsed < 0) return;
  const gone = now - base.at, left = base.left < 0 ? null : base.left - gone;
  const said = [put(found.getAttribute('data-elapsed-words'), base.elapsed + gone)];
  if (left !== null && !found.querySelector('[data-stop]:disabled')) said.push(left > 0.5 ? put(found.getAttribute('data-left-words'), left) : found.getAttribute('data-longer-words'));
  const text = said.filter(Boolean).join(' · ');
  if (times.textContent !== text) times.textContent = text;
};
setInterval(tick, 500);
new MutationObserver(tick).observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-elapsed', 'data-left', 'data-job'] });
element.addEventListener('click', (e) => {
  const stop = e.target.closest('[data-stop]'); if (!stop || stop.disabled) return;
  stop.disabled = true;
  const found = stop.closest('.studio-progress');
  found.classList.add('stopping'); found.querySelector('strong').textContent = stop.dataset.told;
  trigger('stop', { job: found.dataset.job });
});
