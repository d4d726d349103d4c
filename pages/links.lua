-- Makes a link to another Markdown file lead to that file's page. Writes any other file that a page links to, one a
-- line, to the file that the environment variable LINKED names.

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
