-- What every version of Neovim needs to know about twiceshy.
local M = {}

-- The kinds of files that can be one half of a cause. Findings are shown in others, too.
M.filetypes = {
  "bash", "conf", "caddyfile", "dockerfile", "env", "javascript", "javascriptreact", "json", "jsonc", "make", "markdown",
  "nginx", "python", "rust", "sh", "sql", "svelte", "toml", "typescript", "typescriptreact", "vue", "yaml",
  "yaml.docker-compose", "yaml.github",
}

M.root_markers = { ".git", "twiceshy.toml", ".twiceshy.toml", "compose.yml", "compose.yaml", "docker-compose.yml" }

-- The directory around `path` that is one system; its own directory where nothing says so.
function M.root(path)
  local directory = vim.fn.fnamemodify(path, ":p:h")
  for _, marker in ipairs(M.root_markers) do
    local found = vim.fn.findfile(marker, directory .. ";")
    if found == "" then
      found = vim.fn.finddir(marker, directory .. ";")
    end
    if found ~= "" then
      return vim.fn.fnamemodify(found, ":p"):gsub("/$", ""):gsub("/[^/]*$", "")
    end
  end
  return directory
end

-- Neovim 0.7 to 0.10: one server for each root.
local clients = {}
local has_told = false
function M.attach(buffer)
  local path = vim.api.nvim_buf_get_name(buffer)
  if path == "" or vim.bo[buffer].buftype ~= "" then
    return
  end
  if vim.fn.executable("twiceshy") == 0 then
    if not has_told then
      has_told = true
      vim.notify("twiceshy is not on PATH: install it (pip install twiceshy)", vim.log.levels.WARN)
    end
    return
  end
  local root = M.root(path)
  if vim.lsp.start then
    vim.lsp.start({ name = "twiceshy", cmd = { "twiceshy", "lsp" }, root_dir = root }, { bufnr = buffer })
    return
  end
  local client = clients[root]
  if not client or vim.lsp.client_is_stopped(client) then
    client = vim.lsp.start_client({
      name = "twiceshy",
      cmd = { "twiceshy", "lsp" },
      root_dir = root,
      workspace_folders = { { uri = vim.uri_from_fname(root), name = root } },
    })
    clients[root] = client
  end
  if client then
    vim.lsp.buf_attach_client(buffer, client)
  end
end

return M
