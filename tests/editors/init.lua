-- A configuration that holds nothing but twiceshy.
vim.opt.runtimepath:prepend(vim.env.TWICESHY_NVIM)
vim.cmd("filetype on")
