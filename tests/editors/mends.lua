-- What a person does: sees the finding, takes the first action that is offered, saves.
local function wait_for(what, holds)
  if not vim.wait(30000, holds, 20) then
    io.stderr:write("never came: " .. what .. "\n" .. vim.inspect(vim.diagnostic.get()) .. "\n")
    vim.cmd("cquit 1")
  end
end
local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), "\n")
end

wait_for("a finding", function() return #vim.diagnostic.get(0) > 0 end)
local found = vim.diagnostic.get(0)[1]
local code = found.code or found.user_data.lsp.code
io.stdout:write(("%s %s %d:%d\n"):format(found.source, code, found.lnum + 1, found.col + 1))
vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
vim.ui.select = function(items, _, choose) choose(items[1], 1) end
local before = text()
vim.lsp.buf.code_action()
wait_for("the fix", function() return text() ~= before end)
wait_for("the end of the finding", function() return #vim.diagnostic.get(0) == 0 end)
vim.cmd("silent write")
vim.cmd("qall!")
