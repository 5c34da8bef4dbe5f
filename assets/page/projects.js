element.addEventListener('click', (e) => {
  const hit = e.target.closest('button[data-act]'); if (!hit) return;
  if (hit.dataset.act !== 'rename') { trigger('select', { act: hit.dataset.act, job: hit.dataset.job }); return; }
  // The name becomes a field; Enter and leaving keep it, Escape does not.
  const title = hit.closest('article').querySelector('h2'); if (title.querySelector('input')) return;
  const input = document.createElement('input'); input.value = hit.dataset.name; input.maxLength = 200; input.setAttribute('aria-label', hit.dataset.ask);
  const before = title.textContent; title.replaceChildren(input); input.focus(); input.select();
  let done = false;
  const close = (keep) => {
    if (done) return; done = true;
    const text = input.value.replace(/\s+/g, ' ').trim(); title.textContent = keep && text ? text : before;
    if (keep && text && text !== before) trigger('select', { act: 'rename', job: hit.dataset.job, title: text });
  };
  input.addEventListener('keydown', (k) => { if (k.key === 'Enter') close(true); else if (k.key === 'Escape') close(false); });
  input.addEventListener('blur', () => close(true));
});
// Times in the visitor's own zone and language.
const when = new Intl.DateTimeFormat(document.documentElement.lang || 'en', { dateStyle: 'medium', timeStyle: 'short' });
const local = () => element.querySelectorAll('time[datetime]:not([data-local])').forEach(t => {
  t.dataset.local = ''; t.textContent = when.format(new Date(t.dateTime));
});
new MutationObserver(local).observe(element, { childList: true, subtree: true });
local();
