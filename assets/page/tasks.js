element.addEventListener('click', (e) => {
  const hit = e.target.closest('button[data-act]');
  if (hit) trigger('select', { act: hit.dataset.act, job: hit.dataset.job });
});
