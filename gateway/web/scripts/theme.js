// Sets the chosen theme before anything is painted; loaded as a plain script in the head for that reason.
(() => {
  let chosen = null;
  try { chosen = localStorage.getItem('cxloop:theme'); } catch { /* storage refused: follow the system */ }
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
})();
