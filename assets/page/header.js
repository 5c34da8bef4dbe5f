// Light or dark: the system's choice until the visitor makes one.
const KEY = 'studio-theme';
const apply = (name) => document.body.classList.toggle('dark', name === 'dark');
const asked = new URLSearchParams(location.search).get('__theme');
const saved = asked ? null : localStorage.getItem(KEY);
if (saved) apply(saved);
element.addEventListener('click', (e) => {
  if (!e.target.closest('[data-theme]')) return;
  const next = document.body.classList.contains('dark') ? 'light' : 'dark';
  localStorage.setItem(KEY, next); apply(next);
});
// The tab stays when the page is loaded again, as after a change of language.
const TAB = 'studio-tab', buttons = () => [...document.querySelectorAll('#studio-tabs [role=tab]')];
const place = Number(sessionStorage.getItem(TAB) || 0);
const open = (tries) => {
  const tab = buttons()[place];
  if (tab) { if (place) tab.click(); } else if (tries) setTimeout(() => open(tries - 1), 50);
};
open(40);
document.addEventListener('click', (e) => {
  const tab = e.target.closest('#studio-tabs [role=tab]');
  if (tab) sessionStorage.setItem(TAB, String(buttons().indexOf(tab)));
});
// Gradio's components say some things in English to everybody; they say them in the visitor's language here.
let words = {}, planned = false;
const ATTRIBUTES = ['aria-label', 'title', 'placeholder', 'alt'];
const said = (text) => words[text] ?? Object.entries(words).filter(([k]) => k.endsWith(' ') && text.startsWith(k)).map(([k, v]) => v + text.slice(k.length))[0];
const translate = () => {
  planned = false; link();
  document.querySelectorAll('.gradio-container :is([aria-label], [title], [placeholder], [alt])').forEach(node => ATTRIBUTES.forEach(name => {
    const better = node.hasAttribute(name) ? said(node.getAttribute(name)) : undefined;
    if (better !== undefined && better !== node.getAttribute(name)) node.setAttribute(name, better);
  }));
  document.querySelectorAll('.search-input:not([aria-label])').forEach(node => node.setAttribute('aria-label', node.title || node.placeholder));
};
// A link for programs beside Gradio's own.
const link = () => {
  const foot = [...document.querySelectorAll('.gradio-container footer')].find(f => !f.closest('.studio')), name = element.querySelector('[data-api]')?.dataset.api;
  if (!foot || !name) return;
  const made = foot.querySelector('a[data-docs]') ?? foot.appendChild(Object.assign(document.createElement('a'), { href: 'docs' }));
  made.dataset.docs = ''; if (made.textContent !== name) made.textContent = name;
};
const plan = () => {
  const found = element.querySelector('[data-words]');
  if (found) words = JSON.parse(found.dataset.words);
  if (!planned) { planned = true; setTimeout(translate, 100); }
};
new MutationObserver(plan).observe(document.body, { childList: true, subtree: true });
plan();
// The sheet of keys.
const sheet = () => element.querySelector('dialog.keys');
element.addEventListener('click', (e) => {
  if (e.target.closest('[data-keys]')) sheet()?.showModal(); else if (e.target.closest('[data-close]') || e.target === sheet()) sheet()?.close();
});
document.addEventListener('keydown', (e) => {
  if (e.key !== '?' || e.target.closest('input, textarea, select, [contenteditable]')) return;
  e.preventDefault(); if (sheet()?.open) sheet().close(); else sheet()?.showModal();
});
