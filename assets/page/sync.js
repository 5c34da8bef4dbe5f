const pick = (e) => { const hit = e.target.closest('[data-segment]'); if (hit) trigger('select', { segment: Number(hit.dataset.segment) }); };
element.addEventListener('click', pick);
element.addEventListener('keydown', (e) => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); pick(e); } });
