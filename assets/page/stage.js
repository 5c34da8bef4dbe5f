const play = (n) => {
  const card = element.querySelector(`.card[data-n="${n}"]`); const video = element.querySelector('video');
  if (!card || !video) return;
  if (video.getAttribute('src') !== card.dataset.src) { video.poster = card.dataset.poster || ''; video.src = card.dataset.src; }
  video.play().catch(() => {});
  element.querySelectorAll('.card').forEach(c => c.setAttribute('aria-current', String(c === card)));
  element.querySelectorAll('.tl-clip').forEach(c => c.setAttribute('aria-selected', String(c.dataset.n === String(n))));
  trigger('select', { index: Number(n) });
};
element.addEventListener('click', (e) => {
  const hit = e.target.closest('[data-play]');
  if (hit && element.contains(hit)) { play(hit.dataset.play); }
});
element.addEventListener('keydown', (e) => {
  const clip = e.target.closest('.tl-clip'); if (!clip || !['ArrowLeft','ArrowRight'].includes(e.key)) return;
  const all = [...element.querySelectorAll('.tl-clip')].sort((a, b) => a.offsetLeft - b.offsetLeft);
  const next = all[all.indexOf(clip) + (e.key === 'ArrowRight' ? 1 : -1)]; if (next) { next.focus(); e.preventDefault(); }
});
