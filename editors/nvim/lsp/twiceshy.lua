-- Neovim 0.11 and newer: `vim.lsp.enable("twiceshy")`, which plugin/twiceshy.lua does.
return {
  cmd = { "twiceshy", "lsp" },
  filetypes = require("twiceshy").filetypes,
  root_markers = require("twiceshy").root_markers,
}
