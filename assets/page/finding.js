// Hits and chapters: a press plays the place where it lies, another makes a clip of it, the chapters' text is copied.
const playAt = (button) => {
  const video = element.querySelector('.finding-player'), at = Number(button.dataset.at); if (!video) return;
  const start = () => { video.currentTime = at; video.play().catch(() => {}); };
  element.querySelectorAll('.finding-list li').forEach(row => row.classList.toggle('playing', row.contains(button)));
  video.hidden = false;
  if ((video.getAttribute('src') || '').split('#')[0] !== button.dataset.src) { video.src = button.dataset.src; video.addEventListener('loadedmetadata', start, { once: true }); video.load(); } else start();
  video.scrollIntoView({ block: 'nearest' });
};
element.addEventListener('click', async (e) => {
  const play = e.target.closest('[data-play]'), clip = e.target.closest('[data-clip]'), copy = e.target.closest('[data-copy]');
  if (play) playAt(play);
  else if (clip) trigger('clip', { n: Number(clip.dataset.clip) });
  else if (copy) {
    const area = element.querySelector('.finding-files textarea');
    try { await navigator.clipboard.writeText(area.value); } catch { area.select(); document.execCommand('copy'); }
    copy.textContent = copy.dataset.told;
  }
});
