return {'OK', 0}
