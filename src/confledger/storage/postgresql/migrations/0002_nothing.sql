-- Nothing: another step takes this number.
SELECT 1;
