"""How pieces are shown: piano rolls as pictures and on web pages, sound, and the surprise of a model."""
