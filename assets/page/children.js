// The parts of a job of many: a button leads to what it names. The list is drawn anew while they are made; what was pressed counts.
let pressed = null;
const meant = (e) => e.target.closest('button[data-act]');
element.addEventListener('pointerdown', (e) => { const hit = meant(e); pressed = hit && { ...hit.dataset }; });
element.addEventListener('click', (e) => {
  const hit = meant(e), asked = hit && (e.detail ? pressed : { ...hit.dataset }); if (!asked) return;
  trigger('select', { act: asked.act, job: asked.job, place: asked.place ?? '' });
});
