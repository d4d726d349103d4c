-- In a page, a link to another Markdown file leads to that file's page. Any other file that a page links to is written
-- to the file that the environment's LINKED names, one a line.

local folder = PANDOC_STATE.input_files[1]:match("^.*/") or ""

local function lead(target)
  local path, rest = target:match("^([^#]*)(.*)$")
  if path == "" or path:match("^%a[%w+.-]*:") then return target end
  if path:match("%.md$") then return path:gsub("%.md$", ".html") .. rest end
  local linked = assert(io.open(os.getenv("LINKED"), "a"))
  linked:write(folder, path, "\n")
  linked:close()
  return target
end

function Link(link)
  link.target = lead(link.target)
  return link
end

function Image(image)
  image.src = lead(image.src)
  return image
end
