function love.conf(t)
  t.version = "11.4"
  t.window.title = "Mara's inn"
  t.window.width, t.window.height = 800, 600
  t.window.vsync = 1
  for _, unused in ipairs { "audio", "sound", "physics", "joystick", "touch", "video" } do t.modules[unused] = false end
end
