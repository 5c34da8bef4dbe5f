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
