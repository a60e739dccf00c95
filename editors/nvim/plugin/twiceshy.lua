-- Starts `twiceshy lsp` for files that it judges.
if vim.g.loaded_twiceshy then
  return
end
vim.g.loaded_twiceshy = true

if vim.lsp.enable then
  vim.lsp.enable("twiceshy")
  return
end

vim.api.nvim_create_autocmd("FileType", {
  group = vim.api.nvim_create_augroup("twiceshy", {}),
  pattern = require("twiceshy").filetypes,
  callback = function(event)
    require("twiceshy").attach(event.buf)
  end,
})
