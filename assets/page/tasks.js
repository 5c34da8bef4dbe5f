element.addEventListener('click', (e) => {
  const hit = e.target.closest('button[data-act]');
  if (hit) trigger('select', { act: hit.dataset.act, job: hit.dataset.job });
});
// Times in the visitor's own zone and language.
const when = new Intl.DateTimeFormat(document.documentElement.lang || 'en', { dateStyle: 'medium', timeStyle: 'short' });
const local = () => element.querySelectorAll('time[datetime]:not([data-local])').forEach(t => {
  t.dataset.local = ''; t.textContent = when.format(new Date(t.dateTime));
});
new MutationObserver(local).observe(element, { childList: true, subtree: true });
local();
