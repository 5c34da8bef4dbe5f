// The parts of a job of many: a button leads to what it names. The list is drawn anew while they are made.
let pressed = null;
const meant = (e) => e.target.closest('button[data-act]');
const told = (hit) => hit && `${hit.dataset.act} ${hit.dataset.job} ${hit.dataset.place ?? ''}`;
element.addEventListener('pointerdown', (e) => { pressed = told(meant(e)); });
element.addEventListener('click', (e) => {
  const hit = meant(e); if (!hit || (e.detail && pressed !== told(hit))) return;
  trigger('select', { act: hit.dataset.act, job: hit.dataset.job, place: hit.dataset.place ?? '' });
});
