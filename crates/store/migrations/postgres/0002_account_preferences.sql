-- How an account wants to see pages: language and look, in the words of the edge. NULL until chosen.
ALTER TABLE account ADD COLUMN preferences TEXT;
