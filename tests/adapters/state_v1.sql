BEGIN TRANSACTION;
CREATE TABLE attempts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	seq INTEGER NOT NULL, 
	started_ms BIGINT NOT NULL, 
	ended_ms BIGINT, 
	phase TEXT NOT NULL, 
	status INTEGER, 
	detail TEXT NOT NULL, 
	FOREIGN KEY(seq) REFERENCES outbox (seq)
);
INSERT INTO "attempts" VALUES(1,1,10,20,'maybe sent',NULL,'timed out');
INSERT INTO "attempts" VALUES(2,2,30,NULL,'',NULL,'');
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('schema_version','1');
CREATE TABLE outbox (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	client_order_id TEXT NOT NULL, 
	route TEXT NOT NULL, 
	connector TEXT NOT NULL, 
	intent TEXT NOT NULL, 
	state TEXT NOT NULL, 
	body TEXT NOT NULL, 
	bar_ms BIGINT NOT NULL, 
	deadline_ms BIGINT, 
	attempts INTEGER NOT NULL, 
	next_try_ms BIGINT NOT NULL, 
	detail TEXT NOT NULL, 
	maybe_arrived BOOLEAN NOT NULL, 
	created_ms BIGINT NOT NULL, 
	changed_ms BIGINT NOT NULL, 
	UNIQUE (client_order_id)
);
INSERT INTO "outbox" VALUES(1,'a1','swing BTC/USDT 1h','main','open','UNKNOWN','{"action":"openLong","percent":"10","log":"naïve ☀","clientOrderId":"a1"}',0,60000,1,0,'timed out',1,1795864773562,20);
INSERT INTO "outbox" VALUES(2,'b2','swing BTC/USDT 1h','main','close','SENDING','{"action":"openLong","percent":"10","log":"naïve ☀","clientOrderId":"b2"}',3600000,NULL,1,0,'',0,1795864773562,30);
CREATE TABLE routes (
	route TEXT NOT NULL, 
	watermark_ms BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	rule_sha256 TEXT NOT NULL, 
	PRIMARY KEY (route)
);
INSERT INTO "routes" VALUES('swing BTC/USDT 1h',3600000,'{"side":1,"cash":10000.25}','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
CREATE INDEX outbox_by_route ON outbox (route, intent);
CREATE INDEX outbox_by_state ON outbox (state, connector);
CREATE INDEX ix_attempts_seq ON attempts (seq);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',2);
INSERT INTO "sqlite_sequence" VALUES('attempts',2);
COMMIT;
