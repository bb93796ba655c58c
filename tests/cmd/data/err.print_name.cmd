print nonsense
