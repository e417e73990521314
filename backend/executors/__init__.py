"""Where jobs run. `base` is the interface; `local` runs them in processes of this machine."""
