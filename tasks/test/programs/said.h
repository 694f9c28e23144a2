void said(int count, const char *dir, const char *who);
