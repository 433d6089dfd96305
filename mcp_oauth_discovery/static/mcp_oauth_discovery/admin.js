"use strict";
// Copy buttons. Without a clipboard or scripts, readers can select the text.
document.addEventListener("DOMContentLoaded", () => {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-mcp-copy]")) {
    const text = button.previousElementSibling;
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = button.dataset.mcpCopied || "Copied";
        setTimeout(() => { button.textContent = label; }, 2000);
      } catch {
        // Copying is not allowed: select the text for the keyboard.
        getSelection().selectAllChildren(text);
      }
    });
  }
});
