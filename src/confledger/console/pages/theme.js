// Runs before anything is drawn, so that no page flashes in the other scheme.
{
  let scheme = null;
  try {
    scheme = localStorage.getItem("confledger.scheme");
  } catch {
    // A browser that keeps nothing follows the system.
  }
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.scheme = scheme;
}
