// The list is drawn anew whenever a job changes, node by node: a card may be another project's by the time a press ends. What was pressed counts.
let pressed = null;
const meant = (e) => e.target.closest('button[data-act]');
element.addEventListener('pointerdown', (e) => { const hit = meant(e); pressed = hit && { ...hit.dataset }; });
element.addEventListener('click', (e) => {
  const hit = meant(e), asked = hit && (e.detail ? pressed : { ...hit.dataset }); if (!asked) return;
  if (asked.act === 'rename') ask(asked); else trigger('select', { act: asked.act, job: asked.job });
});
// The name is typed beside the list, where nothing is drawn anew. Enter keeps it, Escape does not.
const ask = ({ job, name, ask: label, keep, leave, close }) => {
  const place = document.createElement('div'); place.className = 'studio';
  place.innerHTML = `<dialog class="picker naming"><form method="dialog"><header><b></b><button type="button" data-close>✕</button></header>
    <input required maxlength="200" autocomplete="off" enterkeyhint="done"><footer><button type="button" class="second" data-close></button><button class="primary"></button></footer></form></dialog>`;
  const dialog = place.firstChild, input = place.querySelector('input'), [cross, second] = place.querySelectorAll('[data-close]');
  place.querySelector('b').textContent = label; dialog.setAttribute('aria-label', label); input.setAttribute('aria-label', label); input.value = name;
  cross.setAttribute('aria-label', close); second.textContent = leave; place.querySelector('.primary').textContent = keep;
  [cross, second].forEach(button => button.addEventListener('click', () => dialog.close()));
  place.querySelector('form').addEventListener('submit', () => {
    const title = input.value.replace(/\s+/g, ' ').trim(), shown = element.querySelector(`article[data-job="${job}"] h2`);
    if (!title || title === name) return;
    if (shown) shown.textContent = title;
    trigger('select', { act: 'rename', job, title });
  });
  dialog.addEventListener('close', () => place.remove());
  document.querySelector('.gradio-container').append(place); dialog.showModal(); input.focus(); input.select();
};
// Times in the visitor's own zone and language.
const when = new Intl.DateTimeFormat(document.documentElement.lang || 'en', { dateStyle: 'medium', timeStyle: 'short' });
const local = () => element.querySelectorAll('time[datetime]:not([data-local])').forEach(t => {
  t.dataset.local = ''; t.textContent = when.format(new Date(t.dateTime));
});
new MutationObserver(local).observe(element, { childList: true, subtree: true });
local();
