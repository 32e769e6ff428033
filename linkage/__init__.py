"""Who and where: addresses -> dwellings, records -> persons; keys for ever."""
