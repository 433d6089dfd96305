"use strict";
// Copy buttons; without a clipboard, or without scripts, there is text to select.
document.addEventListener("DOMContentLoaded", () => {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-mcp-copy]")) {
    const text = button.previousElementSibling;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 2000);
      } catch {
        // Not allowed: let the keyboard do it.
        getSelection().selectAllChildren(text);
      }
    });
  }
});
