PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version VALUES('0001');
CREATE TABLE audit_entry (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	person VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	detail JSON NOT NULL, 
	CONSTRAINT pk_audit_entry PRIMARY KEY (id)
);
INSERT INTO audit_entry VALUES(1,'2026-11-23 10:02:29.123282','per-k69hveh7','organization.created','org-gqbm8jaf','{"name": "Acme"}');
INSERT INTO audit_entry VALUES(2,'2026-11-23 10:02:29.123282','per-k69hveh7','shard.created','shard-1','{"region": "local"}');
INSERT INTO audit_entry VALUES(3,'2026-11-23 10:02:29.123282','per-k69hveh7','storage.created','sto-5k9byeqs','{"name": "managed"}');
INSERT INTO audit_entry VALUES(4,'2026-11-23 10:02:29.123282','per-k69hveh7','role.grant','person:per-k69hveh7','{"organization": "org-gqbm8jaf", "role": "organization-admin", "app": ""}');
INSERT INTO audit_entry VALUES(5,'2026-11-23 10:02:29.123282','per-k69hveh7','role.grant','person:per-k69hveh7','{"organization": "org-gqbm8jaf", "role": "app-admin", "app": ""}');
INSERT INTO audit_entry VALUES(6,'2026-11-23 10:02:29.123282','per-k69hveh7','role.grant','person:per-k69hveh7','{"organization": "org-gqbm8jaf", "role": "access-approver", "app": ""}');
INSERT INTO audit_entry VALUES(7,'2026-11-23 10:02:29.123282','per-k69hveh7','role.grant','person:per-k69hveh7','{"organization": "org-gqbm8jaf", "role": "support-agent", "app": ""}');
INSERT INTO audit_entry VALUES(8,'2026-11-23 10:02:32.257799','per-k69hveh7','app.created','app-3ktpzv43','{"name": "Wiki", "shard": "shard-1"}');
INSERT INTO audit_entry VALUES(9,'2026-11-23 10:02:41.901654','per-k69hveh7','app.created','app-qv957bxp','{"name": "Wiki restored", "shard": "shard-1"}');
INSERT INTO audit_entry VALUES(10,'2026-11-23 10:02:54.147582','per-k69hveh7','restore.submitted','rst-94m7zabf','{"backup": "bkp-ab8eqws2", "destination": "app-qv957bxp", "digest": "64553472cf9d9f624ac95791015b9913"}');
INSERT INTO audit_entry VALUES(11,'2026-11-23 10:02:55.661127','per-k69hveh7','restore.published','rst-94m7zabf','{"app": "app-qv957bxp"}');
INSERT INTO audit_entry VALUES(12,'2026-11-23 10:02:55.693627','per-k69hveh7','access.propose','restore:rst-94m7zabf','{"app": "app-qv957bxp", "users": 12, "groups": 2, "memberships": 16, "grants": 0}');
CREATE TABLE event (
	stream VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	"key" VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	data JSON NOT NULL, 
	CONSTRAINT pk_event PRIMARY KEY (stream, number), 
	CONSTRAINT uq_event_stream_key UNIQUE (stream, "key")
);
INSERT INTO event VALUES('backup:bkp-ab8eqws2',1,'submitted','submitted','2026-11-23 10:02:35.823261','{"app": "app-3ktpzv43", "person": "per-k69hveh7"}');
INSERT INTO event VALUES('backup:bkp-ab8eqws2',2,'started','started','2026-11-23 10:02:37.117697','{}');
INSERT INTO event VALUES('backup:bkp-ab8eqws2',3,'step:read','step','2026-11-23 10:02:37.164350','{"step": "read"}');
INSERT INTO event VALUES('backup:bkp-ab8eqws2',4,'step:seal','step','2026-11-23 10:02:37.690033','{"step": "seal"}');
INSERT INTO event VALUES('backup:bkp-ab8eqws2',5,'over','completed','2026-11-23 10:02:37.714677','{"status": "complete", "size_bytes": 212558}');
INSERT INTO event VALUES('restore:rst-94m7zabf',1,'submitted','submitted','2026-11-23 10:02:54.147582','{"digest": "64553472cf9d9f624ac95791015b9913"}');
INSERT INTO event VALUES('restore:rst-94m7zabf',2,'started','started','2026-11-23 10:02:55.042055','{}');
INSERT INTO event VALUES('restore:rst-94m7zabf',3,'step:preflight','step','2026-11-23 10:02:55.079728','{"step": "preflight"}');
INSERT INTO event VALUES('restore:rst-94m7zabf',4,'findings:preflight:1','findings','2026-11-23 10:02:55.106625','{"by": "preflight", "error": 0, "warning": 1}');
INSERT INTO event VALUES('restore:rst-94m7zabf',5,'step:check_backup','step','2026-11-23 10:02:55.116703','{"step": "check_backup"}');
INSERT INTO event VALUES('restore:rst-94m7zabf',6,'findings:check_backup:1','findings','2026-11-23 10:02:55.129344','{"by": "check_backup", "error": 0, "warning": 0}');
INSERT INTO event VALUES('restore:rst-94m7zabf',7,'step:stage','step','2026-11-23 10:02:55.136551','{"step": "stage"}');
INSERT INTO event VALUES('restore:rst-94m7zabf',8,'step:load','step','2026-11-23 10:02:55.152942','{"step": "load"}');
INSERT INTO event VALUES('restore:rst-94m7zabf',9,'step:index','step','2026-11-23 10:02:55.343958','{"step": "index"}');
INSERT INTO event VALUES('restore:rst-94m7zabf',10,'findings:index:1','findings','2026-11-23 10:02:55.362215','{"by": "index", "error": 0, "warning": 0}');
INSERT INTO event VALUES('restore:rst-94m7zabf',11,'step:verify','step','2026-11-23 10:02:55.372202','{"step": "verify"}');
INSERT INTO event VALUES('restore:rst-94m7zabf',12,'findings:verify:1','findings','2026-11-23 10:02:55.631944','{"by": "verify", "error": 0, "warning": 0}');
INSERT INTO event VALUES('restore:rst-94m7zabf',13,'published','published','2026-11-23 10:02:55.661127','{"generation": "gen-qeqe43c7"}');
INSERT INTO event VALUES('restore:rst-94m7zabf',14,'step:propose_access','step','2026-11-23 10:02:55.678991','{"step": "propose_access"}');
INSERT INTO event VALUES('restore:rst-94m7zabf',15,'step:report','step','2026-11-23 10:02:55.709810','{"step": "report"}');
INSERT INTO event VALUES('restore:rst-94m7zabf',16,'completed','completed','2026-11-23 10:02:55.724149','{}');
CREATE TABLE event_stream (
	stream VARCHAR NOT NULL, 
	last_number INTEGER NOT NULL, 
	CONSTRAINT pk_event_stream PRIMARY KEY (stream)
);
INSERT INTO event_stream VALUES('backup:bkp-ab8eqws2',5);
INSERT INTO event_stream VALUES('restore:rst-94m7zabf',16);
CREATE TABLE hold (
	id INTEGER NOT NULL, 
	subject VARCHAR NOT NULL, 
	run_id VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	"exclusive" BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_hold PRIMARY KEY (id), 
	CONSTRAINT uq_hold_subject_run_id UNIQUE (subject, run_id)
);
CREATE TABLE organization (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	"plan" VARCHAR NOT NULL, 
	beta BOOLEAN NOT NULL, 
	environment VARCHAR NOT NULL, 
	second_person VARCHAR NOT NULL, 
	directory_version INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_organization PRIMARY KEY (id), 
	CONSTRAINT uq_organization_name UNIQUE (name)
);
INSERT INTO organization VALUES('org-gqbm8jaf','Acme','enterprise',1,'commercial','never',1,'2026-11-23 10:02:29.123282');
CREATE TABLE part_takeover (
	workflow_id VARCHAR(512) NOT NULL, 
	count INTEGER NOT NULL, 
	CONSTRAINT pk_part_takeover PRIMARY KEY (workflow_id)
);
CREATE TABLE person (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	directory_user_id VARCHAR, 
	merged_into VARCHAR, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_person PRIMARY KEY (id), 
	CONSTRAINT fk_person_merged_into_person FOREIGN KEY(merged_into) REFERENCES person (id)
);
INSERT INTO person VALUES('per-k69hveh7','ada',NULL,NULL,'2026-11-23 10:02:29.089172');
CREATE TABLE shard (
	name VARCHAR NOT NULL, 
	region VARCHAR NOT NULL, 
	url VARCHAR NOT NULL, 
	attachments_url VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_shard PRIMARY KEY (name), 
	CONSTRAINT uq_shard_url UNIQUE (url)
);
INSERT INTO shard VALUES('shard-1','local','sqlite:////var/lib/restorebot/shards/shard-1','file:///var/lib/restorebot/shards/shard-1/attachments','2026-11-23 10:02:29.123282');
CREATE TABLE storage (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	url VARCHAR NOT NULL, 
	on_expiry VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_storage PRIMARY KEY (id), 
	CONSTRAINT uq_storage_name UNIQUE (name), 
	CONSTRAINT uq_storage_url UNIQUE (url)
);
INSERT INTO storage VALUES('sto-5k9byeqs','managed','managed','file:///var/lib/restorebot/storage','delete','2026-11-23 10:02:29.123282');
CREATE TABLE worker (
	executor_id VARCHAR(64) NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	pid INTEGER NOT NULL, 
	process_started FLOAT NOT NULL, 
	version VARCHAR(32) NOT NULL, 
	started_at DATETIME NOT NULL, 
	heartbeat_at DATETIME NOT NULL, 
	stopped_at DATETIME, 
	CONSTRAINT pk_worker PRIMARY KEY (executor_id)
);
INSERT INTO worker VALUES('edda2e398e504de48c7abec450255901','host/boot/1',25781,7368.5399999999999635,'1','2026-11-23 10:02:54.960777','2026-11-23 10:02:54.960777','2026-11-23 10:02:55.998975');
CREATE TABLE worker_slot (
	name VARCHAR(16) NOT NULL, 
	executor_id VARCHAR(64), 
	token INTEGER NOT NULL, 
	CONSTRAINT pk_worker_slot PRIMARY KEY (name)
);
INSERT INTO worker_slot VALUES('sqlite',NULL,2);
CREATE TABLE app (
	id VARCHAR NOT NULL, 
	organization_id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	type VARCHAR NOT NULL, 
	driver VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	shard VARCHAR NOT NULL, 
	generation VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	deactivated_at DATETIME, 
	CONSTRAINT pk_app PRIMARY KEY (id), 
	CONSTRAINT fk_app_organization_id_organization FOREIGN KEY(organization_id) REFERENCES organization (id), 
	CONSTRAINT fk_app_shard_shard FOREIGN KEY(shard) REFERENCES shard (name), 
	CONSTRAINT uq_app_organization_id_name UNIQUE (organization_id, name)
);
INSERT INTO app VALUES('app-3ktpzv43','org-gqbm8jaf','Wiki','confluence','embedded','active','shard-1','gen-4fnjst25','2026-11-23 10:02:32.257799',NULL);
INSERT INTO app VALUES('app-qv957bxp','org-gqbm8jaf','Wiki restored','confluence','embedded','active','shard-1','gen-qeqe43c7','2026-11-23 10:02:41.901654',NULL);
CREATE TABLE directory_group (
	id VARCHAR NOT NULL, 
	organization_id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	lower_name VARCHAR NOT NULL, 
	CONSTRAINT pk_directory_group PRIMARY KEY (id), 
	CONSTRAINT fk_directory_group_organization_id_organization FOREIGN KEY(organization_id) REFERENCES organization (id), 
	CONSTRAINT uq_directory_group_organization_id_lower_name UNIQUE (organization_id, lower_name)
);
INSERT INTO directory_group VALUES('grp-d731f50ac1dc4132961cbbebb8e00571','org-gqbm8jaf','confluence-users','confluence-users');
INSERT INTO directory_group VALUES('grp-55f715a29cfa4c31922e26aed2d4dca1','org-gqbm8jaf','team-002','team-002');
CREATE TABLE directory_user (
	id VARCHAR NOT NULL, 
	organization_id VARCHAR NOT NULL, 
	account_id VARCHAR, 
	email VARCHAR, 
	lower_email VARCHAR, 
	username VARCHAR, 
	display_name VARCHAR NOT NULL, 
	active BOOLEAN NOT NULL, 
	CONSTRAINT pk_directory_user PRIMARY KEY (id), 
	CONSTRAINT fk_directory_user_organization_id_organization FOREIGN KEY(organization_id) REFERENCES organization (id)
);
INSERT INTO directory_user VALUES('usr-bc2059bbd3594437a900eef5bd397304','org-gqbm8jaf',NULL,'user00000@example.com','user00000@example.com','user00000','Ada Okafor',1);
INSERT INTO directory_user VALUES('usr-116d469a4e0149a8ae5e134ff88c5c0c','org-gqbm8jaf',NULL,'user00001@example.com','user00001@example.com','user00001','Bilal Okafor',1);
INSERT INTO directory_user VALUES('usr-1731ceb1b42c456d9d4721e0ef00aadf','org-gqbm8jaf',NULL,'user00002@example.com','user00002@example.com','user00002','Chloé Okafor',1);
INSERT INTO directory_user VALUES('usr-04bfdf15e7934e33a27bccf7873a3e51','org-gqbm8jaf',NULL,'USER00002@example.com','user00002@example.com','user00003','Dmitri Okafor',1);
INSERT INTO directory_user VALUES('usr-cb84dacaf72a4df39d29ce2c8dfadbe0','org-gqbm8jaf',NULL,'user00004@example.com','user00004@example.com','user00004','Emeka Okafor',1);
INSERT INTO directory_user VALUES('usr-33e8ae5435554055ad9412025e09f0be','org-gqbm8jaf',NULL,'user00005@example.com','user00005@example.com','user00005','Fatima Okafor',0);
INSERT INTO directory_user VALUES('usr-03107e801f5d4e25a553b15c550d0373','org-gqbm8jaf',NULL,'user00006@example.com','user00006@example.com','user00006','Goran Okafor',1);
INSERT INTO directory_user VALUES('usr-bb5acd416a134366a5f21149cf1c1a9b','org-gqbm8jaf',NULL,'user00007@example.com','user00007@example.com','user00007','Hana Okafor',1);
INSERT INTO directory_user VALUES('usr-6221c55409be440f952335c6f1e5d76e','org-gqbm8jaf',NULL,'user00008@example.com','user00008@example.com','user00008','Ingrid Okafor',1);
INSERT INTO directory_user VALUES('usr-cf7b4f4235cc4986ac99109de1aee602','org-gqbm8jaf',NULL,'user00009@example.com','user00009@example.com','user00009','João Okafor',1);
INSERT INTO directory_user VALUES('usr-074808473e0c4ec88143574975317a3e','org-gqbm8jaf',NULL,'user00010@example.com','user00010@example.com','user00010','Keiko Okafor',1);
INSERT INTO directory_user VALUES('usr-2910cb401ac24dc08bf45a6ba0b0688b','org-gqbm8jaf',NULL,'user00011@example.com','user00011@example.com','user00011','Liam Okafor',1);
CREATE TABLE identity (
	value VARCHAR NOT NULL, 
	person_id VARCHAR NOT NULL, 
	CONSTRAINT pk_identity PRIMARY KEY (value), 
	CONSTRAINT fk_identity_person_id_person FOREIGN KEY(person_id) REFERENCES person (id)
);
INSERT INTO identity VALUES('os:ada','per-k69hveh7');
CREATE TABLE role (
	id INTEGER NOT NULL, 
	person_id VARCHAR NOT NULL, 
	organization_id VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	app_id VARCHAR NOT NULL, 
	CONSTRAINT pk_role PRIMARY KEY (id), 
	CONSTRAINT fk_role_organization_id_organization FOREIGN KEY(organization_id) REFERENCES organization (id), 
	CONSTRAINT fk_role_person_id_person FOREIGN KEY(person_id) REFERENCES person (id), 
	CONSTRAINT uq_role_person_id_organization_id_role_app_id UNIQUE (person_id, organization_id, role, app_id)
);
INSERT INTO role VALUES(1,'per-k69hveh7','org-gqbm8jaf','organization-admin','');
INSERT INTO role VALUES(2,'per-k69hveh7','org-gqbm8jaf','app-admin','');
INSERT INTO role VALUES(3,'per-k69hveh7','org-gqbm8jaf','access-approver','');
INSERT INTO role VALUES(4,'per-k69hveh7','org-gqbm8jaf','support-agent','');
CREATE TABLE access_grant (
	id VARCHAR NOT NULL, 
	organization_id VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	restore_id VARCHAR NOT NULL, 
	proposed_by VARCHAR NOT NULL, 
	also_restored_by JSON NOT NULL, 
	app_id VARCHAR NOT NULL, 
	group_id VARCHAR NOT NULL, 
	member_id VARCHAR, 
	member_is_group BOOLEAN NOT NULL, 
	role VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	decided_by VARCHAR, 
	decided_at DATETIME, 
	reason VARCHAR NOT NULL, 
	own_decision BOOLEAN NOT NULL, 
	gave BOOLEAN NOT NULL, 
	revoked_by VARCHAR, 
	revoked_at DATETIME, 
	impact JSON, 
	CONSTRAINT pk_access_grant PRIMARY KEY (id), 
	CONSTRAINT fk_access_grant_group_id_directory_group FOREIGN KEY(group_id) REFERENCES directory_group (id), 
	CONSTRAINT fk_access_grant_organization_id_organization FOREIGN KEY(organization_id) REFERENCES organization (id), 
	CONSTRAINT uq_access_grant_key UNIQUE ("key")
);
CREATE TABLE backup (
	id VARCHAR NOT NULL, 
	app_id VARCHAR NOT NULL, 
	storage_id VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	step VARCHAR NOT NULL, 
	requested_by VARCHAR NOT NULL, 
	request JSON NOT NULL, 
	taken_at DATETIME NOT NULL, 
	exported_at DATETIME, 
	expires_at DATETIME, 
	notice_until DATETIME, 
	shard VARCHAR NOT NULL, 
	region VARCHAR NOT NULL, 
	size_bytes BIGINT, 
	manifest_digest VARCHAR, 
	summary JSON, 
	error JSON, 
	marked_at DATETIME, 
	attempt INTEGER NOT NULL, 
	token INTEGER NOT NULL, 
	progress_done BIGINT NOT NULL, 
	progress_total BIGINT NOT NULL, 
	started_at DATETIME, 
	finished_at DATETIME, 
	CONSTRAINT pk_backup PRIMARY KEY (id), 
	CONSTRAINT fk_backup_app_id_app FOREIGN KEY(app_id) REFERENCES app (id), 
	CONSTRAINT fk_backup_storage_id_storage FOREIGN KEY(storage_id) REFERENCES storage (id)
);
INSERT INTO backup VALUES('bkp-ab8eqws2','app-3ktpzv43','sto-5k9byeqs','complete','seal','per-k69hveh7','{"file": "acme-wiki.zip", "export": {"key": "inbox/inb-zdnpr56z/export", "blake3": "61f16ddaf059f2700f219f18419154a36986d2c9a910df31bebab57515b4663a"}}','2026-11-23 10:02:35.823261','2024-02-01 12:00:00.000000','2026-12-07 10:02:35.823261',NULL,'shard-1','local',212558,'3166ad520abf427c49b3eb299afd8ce08c4cdf36b557fccb379ded12a9e82c0a','{"contains": {"attachments": true, "users_and_groups": true, "personal_spaces": true}, "records": {"directory.user": 12, "directory.user_key": 12, "directory.group": 3, "directory.membership": 22, "directory.other": 1, "confluence.space": 4, "confluence.space_description": 4, "confluence.page": 15, "confluence.blog_post": 2, "confluence.version": 7, "confluence.comment": 11, "confluence.attachment": 17, "confluence.body": 39, "confluence.content_property": 34, "confluence.label": 6, "confluence.labelling": 8, "confluence.space_permission": 20, "confluence.restriction_set": 1, "confluence.restriction": 1, "confluence.watch": 3, "confluence.relation": 3, "confluence.link": 2, "confluence.other": 3}, "native_counts": {"AliasedKey": 1, "Attachment": 17, "BlogPost": 2, "BodyContent": 39, "Comment": 11, "ConfluenceBandanaRecord": 3, "ConfluenceRememberMeToken": 1, "ConfluenceUserImpl": 12, "ContentPermission": 1, "ContentPermissionSet": 1, "ContentProperty": 34, "DirectoryImpl": 1, "HibernateMembership": 22, "InternalGroup": 3, "InternalUser": 12, "Label": 6, "Labelling": 8, "Notification": 3, "OutgoingLink": 2, "Page": 22, "Space": 4, "SpaceDescription": 4, "SpacePermission": 20, "User2ContentRelationEntity": 3}, "active_objects_counts": {}, "dropped_secrets": {"rows": 2, "values": 13}, "attachments": {"count": 17, "bytes": 149706}, "lacks": [], "source": {"exportType": "all", "buildNumber": "6202", "createdByBuildNumber": "6442", "source": "server"}, "objects": 25}',NULL,NULL,1,1,0,0,'2026-11-23 10:02:37.117697','2026-11-23 10:02:37.714677');
CREATE TABLE directory_app_role (
	id INTEGER NOT NULL, 
	group_id VARCHAR NOT NULL, 
	app_id VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	CONSTRAINT pk_directory_app_role PRIMARY KEY (id), 
	CONSTRAINT fk_directory_app_role_group_id_directory_group FOREIGN KEY(group_id) REFERENCES directory_group (id), 
	CONSTRAINT uq_directory_app_role_group_id_app_id_role UNIQUE (group_id, app_id, role)
);
CREATE TABLE directory_membership (
	id INTEGER NOT NULL, 
	group_id VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	is_group BOOLEAN NOT NULL, 
	CONSTRAINT pk_directory_membership PRIMARY KEY (id), 
	CONSTRAINT fk_directory_membership_group_id_directory_group FOREIGN KEY(group_id) REFERENCES directory_group (id), 
	CONSTRAINT uq_directory_membership_group_id_member_id UNIQUE (group_id, member_id)
);
INSERT INTO directory_membership VALUES(1,'grp-d731f50ac1dc4132961cbbebb8e00571','usr-04bfdf15e7934e33a27bccf7873a3e51',0);
INSERT INTO directory_membership VALUES(2,'grp-d731f50ac1dc4132961cbbebb8e00571','usr-03107e801f5d4e25a553b15c550d0373',0);
INSERT INTO directory_membership VALUES(3,'grp-55f715a29cfa4c31922e26aed2d4dca1','usr-04bfdf15e7934e33a27bccf7873a3e51',0);
INSERT INTO directory_membership VALUES(4,'grp-55f715a29cfa4c31922e26aed2d4dca1','usr-bc2059bbd3594437a900eef5bd397304',0);
INSERT INTO directory_membership VALUES(5,'grp-d731f50ac1dc4132961cbbebb8e00571','usr-116d469a4e0149a8ae5e134ff88c5c0c',0);
INSERT INTO directory_membership VALUES(6,'grp-d731f50ac1dc4132961cbbebb8e00571','usr-074808473e0c4ec88143574975317a3e',0);
INSERT INTO directory_membership VALUES(7,'grp-d731f50ac1dc4132961cbbebb8e00571','usr-cf7b4f4235cc4986ac99109de1aee602',0);
INSERT INTO directory_membership VALUES(8,'grp-d731f50ac1dc4132961cbbebb8e00571','usr-cb84dacaf72a4df39d29ce2c8dfadbe0',0);
INSERT INTO directory_membership VALUES(9,'grp-d731f50ac1dc4132961cbbebb8e00571','usr-2910cb401ac24dc08bf45a6ba0b0688b',0);
INSERT INTO directory_membership VALUES(10,'grp-d731f50ac1dc4132961cbbebb8e00571','usr-bb5acd416a134366a5f21149cf1c1a9b',0);
INSERT INTO directory_membership VALUES(11,'grp-55f715a29cfa4c31922e26aed2d4dca1','usr-03107e801f5d4e25a553b15c550d0373',0);
INSERT INTO directory_membership VALUES(12,'grp-55f715a29cfa4c31922e26aed2d4dca1','usr-cf7b4f4235cc4986ac99109de1aee602',0);
INSERT INTO directory_membership VALUES(13,'grp-d731f50ac1dc4132961cbbebb8e00571','usr-33e8ae5435554055ad9412025e09f0be',0);
INSERT INTO directory_membership VALUES(14,'grp-d731f50ac1dc4132961cbbebb8e00571','usr-6221c55409be440f952335c6f1e5d76e',0);
INSERT INTO directory_membership VALUES(15,'grp-d731f50ac1dc4132961cbbebb8e00571','usr-1731ceb1b42c456d9d4721e0ef00aadf',0);
INSERT INTO directory_membership VALUES(16,'grp-d731f50ac1dc4132961cbbebb8e00571','usr-bc2059bbd3594437a900eef5bd397304',0);
CREATE TABLE generation (
	id VARCHAR NOT NULL, 
	app_id VARCHAR NOT NULL, 
	shard VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	run_id VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	retired_at DATETIME, 
	CONSTRAINT pk_generation PRIMARY KEY (id), 
	CONSTRAINT fk_generation_app_id_app FOREIGN KEY(app_id) REFERENCES app (id), 
	CONSTRAINT fk_generation_shard_shard FOREIGN KEY(shard) REFERENCES shard (name)
);
INSERT INTO generation VALUES('gen-4fnjst25','app-3ktpzv43','shard-1','live','app-3ktpzv43','2026-11-23 10:02:32.257799',NULL);
INSERT INTO generation VALUES('gen-5s77pbf7','app-qv957bxp','shard-1','retired','app-qv957bxp','2026-11-23 10:02:41.901654','2026-11-23 10:02:55.661127');
INSERT INTO generation VALUES('gen-qeqe43c7','app-qv957bxp','shard-1','live','rst-94m7zabf','2026-11-23 10:02:55.139422',NULL);
CREATE TABLE restore (
	id VARCHAR NOT NULL, 
	organization_id VARCHAR NOT NULL, 
	backup_id VARCHAR NOT NULL, 
	app_id VARCHAR NOT NULL, 
	requested_by VARCHAR NOT NULL, 
	request JSON NOT NULL, 
	"plan" JSON NOT NULL, 
	digest VARCHAR NOT NULL, 
	shown JSON NOT NULL, 
	status VARCHAR NOT NULL, 
	step VARCHAR NOT NULL, 
	token INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	cancel_wanted_at DATETIME, 
	cancel_wanted_by VARCHAR, 
	generation VARCHAR, 
	published_at DATETIME, 
	progress_done BIGINT NOT NULL, 
	progress_total BIGINT NOT NULL, 
	report JSON, 
	failure JSON, 
	staging_until DATETIME, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	finished_at DATETIME, 
	CONSTRAINT pk_restore PRIMARY KEY (id), 
	CONSTRAINT fk_restore_app_id_app FOREIGN KEY(app_id) REFERENCES app (id), 
	CONSTRAINT fk_restore_backup_id_backup FOREIGN KEY(backup_id) REFERENCES backup (id), 
	CONSTRAINT fk_restore_organization_id_organization FOREIGN KEY(organization_id) REFERENCES organization (id)
);
INSERT INTO restore VALUES('rst-94m7zabf','org-gqbm8jaf','bkp-ab8eqws2','app-qv957bxp','per-k69hveh7','{"backup_id": "bkp-ab8eqws2", "destination_id": "app-qv957bxp", "without": [], "resolutions": {}, "requester": "per-k69hveh7"}','{"backup_id": "bkp-ab8eqws2", "manifest_digest": "3166ad520abf427c49b3eb299afd8ce08c4cdf36b557fccb379ded12a9e82c0a", "destination_id": "app-qv957bxp", "source_shard": "shard-1", "target_shard": "shard-1", "moves": false, "without": [], "resolutions": {"content.dangling-reference": "placeholder", "content.repeated-key": "keep", "group.name-exists": "merge", "user.duplicate-email": "keep", "user.invalid-email": "keep", "user.missing-email": "keep"}, "group_names": {}, "groups_left_out": [], "parts": [{"name": "records-00001", "objects": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22], "pack": "", "rows": 230, "size_bytes": 62852}, {"name": "pack-00001", "objects": [], "pack": "2ji422kubzdy4npyno7k2it2jb", "rows": 0, "size_bytes": 79899}], "size_bytes": 142751, "digest": "64553472cf9d9f624ac95791015b9913"}','64553472cf9d9f624ac95791015b9913','["user.duplicate-email"]','completed','report',1,1,NULL,NULL,'gen-qeqe43c7','2026-11-23 10:02:55.661127',285502,285502,'{"records": {"confluence.attachment": {"in_backup": 17, "restored": 17, "left_out": 0, "failed": 0}, "confluence.blog_post": {"in_backup": 2, "restored": 2, "left_out": 0, "failed": 0}, "confluence.body": {"in_backup": 39, "restored": 39, "left_out": 0, "failed": 0}, "confluence.comment": {"in_backup": 11, "restored": 11, "left_out": 0, "failed": 0}, "confluence.content_property": {"in_backup": 34, "restored": 34, "left_out": 0, "failed": 0}, "confluence.label": {"in_backup": 6, "restored": 6, "left_out": 0, "failed": 0}, "confluence.labelling": {"in_backup": 8, "restored": 8, "left_out": 0, "failed": 0}, "confluence.link": {"in_backup": 2, "restored": 2, "left_out": 0, "failed": 0}, "confluence.other": {"in_backup": 3, "restored": 3, "left_out": 0, "failed": 0}, "confluence.page": {"in_backup": 15, "restored": 15, "left_out": 0, "failed": 0}, "confluence.relation": {"in_backup": 3, "restored": 3, "left_out": 0, "failed": 0}, "confluence.restriction": {"in_backup": 1, "restored": 1, "left_out": 0, "failed": 0}, "confluence.restriction_set": {"in_backup": 1, "restored": 1, "left_out": 0, "failed": 0}, "confluence.space": {"in_backup": 4, "restored": 4, "left_out": 0, "failed": 0}, "confluence.space_description": {"in_backup": 4, "restored": 4, "left_out": 0, "failed": 0}, "confluence.space_permission": {"in_backup": 20, "restored": 20, "left_out": 0, "failed": 0}, "confluence.version": {"in_backup": 7, "restored": 7, "left_out": 0, "failed": 0}, "confluence.watch": {"in_backup": 3, "restored": 3, "left_out": 0, "failed": 0}, "directory.group": {"in_backup": 3, "restored": 3, "left_out": 0, "failed": 0}, "directory.membership": {"in_backup": 22, "restored": 22, "left_out": 0, "failed": 0}, "directory.other": {"in_backup": 1, "restored": 1, "left_out": 0, "failed": 0}, "directory.user": {"in_backup": 12, "restored": 12, "left_out": 0, "failed": 0}, "directory.user_key": {"in_backup": 12, "restored": 12, "left_out": 0, "failed": 0}}, "attachments": {"in_backup": 17, "restored": 17, "left_out": 0, "failed": 0, "bytes": {"in_backup": 149706, "restored": 149706, "left_out": 0, "failed": 0}}, "findings": [{"code": "user.duplicate-email", "severity": "warning", "subject": "", "message": "2 users share an e-mail address with another user (keep).", "hint": "Choose how to treat them: --resolve user.duplicate-email=keep or placeholder.", "count": 2, "examples": ["user00002", "user00003"]}, {"code": "backup.secrets-left-out", "severity": "info", "subject": "", "message": "15 secrets (password hashes, keys, tokens, licences) of the export were not taken into the backup.", "hint": "Set passwords, licences and keys anew in the restored app.", "count": 15, "examples": ["AliasedKey", "ConfluenceBandanaRecord", "ConfluenceRememberMeToken", "InternalUser"]}, {"code": "user.inactive", "severity": "info", "subject": "", "message": "1 users are inactive; they are restored inactive and take no seat.", "hint": "Nothing has to be done.", "count": 1, "examples": ["user00005"]}], "moved": false}',NULL,NULL,'2026-11-23 10:02:54.147582','2026-11-23 10:02:55.042055','2026-11-23 10:02:55.724149');
CREATE TABLE restore_finding (
	restore_id VARCHAR NOT NULL, 
	found_by VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	finding JSON NOT NULL, 
	CONSTRAINT pk_restore_finding PRIMARY KEY (restore_id, found_by, number), 
	CONSTRAINT fk_restore_finding_restore_id_restore FOREIGN KEY(restore_id) REFERENCES restore (id)
);
INSERT INTO restore_finding VALUES('rst-94m7zabf','preflight',0,'{"code": "user.duplicate-email", "severity": "warning", "subject": "", "message": "2 users share an e-mail address with another user (keep).", "hint": "Choose how to treat them: --resolve user.duplicate-email=keep or placeholder.", "count": 2, "examples": ["user00002", "user00003"]}');
INSERT INTO restore_finding VALUES('rst-94m7zabf','preflight',1,'{"code": "backup.secrets-left-out", "severity": "info", "subject": "", "message": "15 secrets (password hashes, keys, tokens, licences) of the export were not taken into the backup.", "hint": "Set passwords, licences and keys anew in the restored app.", "count": 15, "examples": ["AliasedKey", "ConfluenceBandanaRecord", "ConfluenceRememberMeToken", "InternalUser"]}');
INSERT INTO restore_finding VALUES('rst-94m7zabf','preflight',2,'{"code": "user.inactive", "severity": "info", "subject": "", "message": "1 users are inactive; they are restored inactive and take no seat.", "hint": "Nothing has to be done.", "count": 1, "examples": ["user00005"]}');
CREATE TABLE restore_part (
	restore_id VARCHAR NOT NULL, 
	generation VARCHAR NOT NULL, 
	step VARCHAR NOT NULL, 
	part VARCHAR NOT NULL, 
	done JSON NOT NULL, 
	CONSTRAINT pk_restore_part PRIMARY KEY (restore_id, generation, step, part), 
	CONSTRAINT fk_restore_part_restore_id_restore FOREIGN KEY(restore_id) REFERENCES restore (id)
);
INSERT INTO restore_part VALUES('rst-94m7zabf','gen-qeqe43c7','load','records-00001','{"restored": {"directory.user": 12, "directory.user_key": 12, "directory.group": 3, "directory.membership": 22, "directory.other": 1, "confluence.space": 4, "confluence.space_description": 4, "confluence.page": 15, "confluence.blog_post": 2, "confluence.version": 7, "confluence.comment": 11, "confluence.attachment": 17, "confluence.body": 39, "confluence.content_property": 34, "confluence.label": 6, "confluence.labelling": 8, "confluence.space_permission": 20, "confluence.restriction_set": 1, "confluence.restriction": 1, "confluence.watch": 3, "confluence.relation": 3, "confluence.link": 2, "confluence.other": 3}, "left_out": {"directory.user": 0, "directory.user_key": 0, "directory.group": 0, "directory.membership": 0, "directory.other": 0, "confluence.space": 0, "confluence.space_description": 0, "confluence.page": 0, "confluence.blog_post": 0, "confluence.version": 0, "confluence.comment": 0, "confluence.attachment": 0, "confluence.body": 0, "confluence.content_property": 0, "confluence.label": 0, "confluence.labelling": 0, "confluence.space_permission": 0, "confluence.restriction_set": 0, "confluence.restriction": 0, "confluence.watch": 0, "confluence.relation": 0, "confluence.link": 0, "confluence.other": 0}, "changed": {}}');
INSERT INTO restore_part VALUES('rst-94m7zabf','gen-qeqe43c7','load','pack-00001','{"attachments": {"restored": 17, "left_out": 0}, "bytes": {"restored": 149706, "left_out": 0}}');
INSERT INTO restore_part VALUES('rst-94m7zabf','gen-qeqe43c7','compare','pack-00001','{"findings": []}');
INSERT INTO restore_part VALUES('rst-94m7zabf','gen-qeqe43c7','compare','records-00001','{"findings": []}');
CREATE INDEX ix_hold_run_id ON hold (run_id);
CREATE INDEX ix_hold_subject ON hold (subject);
CREATE UNIQUE INDEX uq_hold_exclusive ON hold (subject) WHERE exclusive;
CREATE INDEX ix_person_merged_into ON person (merged_into);
CREATE INDEX ix_directory_user_account_id ON directory_user (account_id);
CREATE INDEX ix_directory_user_lower_email ON directory_user (lower_email);
CREATE INDEX ix_directory_user_organization_id ON directory_user (organization_id);
CREATE INDEX ix_identity_person_id ON identity (person_id);
CREATE INDEX ix_access_grant_organization_id ON access_grant (organization_id);
CREATE INDEX ix_access_grant_restore_id ON access_grant (restore_id);
CREATE INDEX ix_backup_app_id ON backup (app_id);
CREATE INDEX ix_directory_app_role_app_id ON directory_app_role (app_id);
CREATE INDEX ix_directory_app_role_group_id ON directory_app_role (group_id);
CREATE INDEX ix_directory_membership_group_id ON directory_membership (group_id);
CREATE INDEX ix_generation_app_id ON generation (app_id);
CREATE INDEX ix_restore_app_id ON restore (app_id);
CREATE INDEX ix_restore_backup_id ON restore (backup_id);
CREATE INDEX ix_restore_organization_id ON restore (organization_id);
COMMIT;
