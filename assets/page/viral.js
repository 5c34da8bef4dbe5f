const video = () => element.querySelector('video');
const seek = (hit) => {
  const card = hit.closest('.vcard'); const player = video(); if (!card || !player || !card.dataset.src) return;
  const at = Number(hit.dataset.seek || 0);
  const go = () => { player.currentTime = Math.max(0, at); player.play().catch(() => {}); };
  element.querySelectorAll('.vcard').forEach(c => c.setAttribute('aria-current', String(c === card)));
  if (player.getAttribute('src') !== card.dataset.src) {
    player.poster = card.dataset.poster || ''; player.src = card.dataset.src; player.addEventListener('loadedmetadata', go, { once: true });
  } else go();
  trigger('select', { clip: Number(card.dataset.n) });
};
element.addEventListener('click', (e) => {
  const hit = e.target.closest('[data-seek]'); if (hit) { seek(hit); return; }
  if (e.target.closest('[data-compile]')) {
    const chosen = [...element.querySelectorAll('input[data-sentence]:checked')].map(b => ({
      clip: Number(b.dataset.clip), sentence: Number(b.dataset.sentence), start: Number(b.dataset.start), end: Number(b.dataset.end) }));
    trigger('select', { sentences: chosen });
  }
});
element.addEventListener('keydown', (e) => {
  const hit = e.target.closest('mark[data-seek]'); if (hit && (e.key === 'Enter' || e.key === ' ')) { e.preventDefault(); seek(hit); }
});
