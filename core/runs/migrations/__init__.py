"""What lies between stored data of earlier versions and this code: ordered steps, each tested on data of its time.

schema.py: the database's tables, changed when a store is opened. traces.py: tables of a trace, changed as they are
read. Configs have their steps in core/stored_config.py, as checkpoints hold configs too.
"""
